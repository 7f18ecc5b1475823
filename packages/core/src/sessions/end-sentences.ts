// Why a session or a family is over, in one sentence each: what support tells a person. Constant, so that a translation can be keyed by the reason.

import type { EndReason } from "./session.ts";

export const END_SENTENCES: Readonly<Record<EndReason, string>> = {
  signed_out: "The owner signed out, or the app did so for them.",
  revoked: "Somebody who may do so revoked it, by itself or with all that were like it.",
  reuse:
    "A refresh token that had been replaced was used again: it was stolen, or a client kept an old one. Nobody can tell which of the two holders is the owner, so the session was ended for both.",
  evicted: "The subject opened more sessions than the policy allows, and this one was the oldest that could go.",
  replaced: "Another session took its place.",
  idle: "Nobody used the session for as long as its policy allows.",
  absolute: "The session reached the longest lifetime that its policy allows.",
  ancestor_ended: "A session that this one hangs below ended.",
  subject_revoked: "Everything of the subject that was authorised before was revoked.",
  client_revoked: "Everything that the client was given before was revoked, or the client was disabled.",
  tenant_revoked: "Everything of everybody that was authorised before was revoked.",
  policy_applied: "Its policy was applied to the sessions that lived, and by what it says now this one was over.",
  subject_blocked: "The subject was blocked.",
  subject_erased: "What was stored about the subject was erased.",
};
