// Why a session is over, in words: the closed list of reasons.

const WORDS: Readonly<Record<string, string>> = {
  signed_out: "its owner signed out",
  revoked: "it was revoked",
  reuse: "a refresh token that had been replaced was used again",
  evicted: "the subject opened more sessions than the policy allows",
  replaced: "another session replaced it",
  idle: "nobody used it for as long as the policy allows",
  absolute: "it reached the longest lifetime that the policy allows",
  ancestor_ended: "a session that it hangs below ended",
  subject_revoked: "everything of its subject was revoked",
  client_revoked: "everything of its client was revoked",
  tenant_revoked: "everything of everybody was revoked",
  policy_applied: "its policy was applied to the sessions that lived, and by what it says now this one was over",
  subject_blocked: "its subject was blocked",
  subject_erased: "what was stored about its subject was erased",
};

/** A reason of a later version is shown as it is. */
export function endWords(reason: string): string {
  return WORDS[reason] ?? reason;
}
