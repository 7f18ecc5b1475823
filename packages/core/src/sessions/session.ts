// What a session is: one row. A refresh rewrites it with one compare-and-set; nothing else has to be looked up to know whether it lives,
// but its subject, its clients and its ancestors.

import type { JsonObject, Position } from "@hallpass/protocol";
import type { ClientId, FamilyId, SessionId, SubjectId, TenantId } from "../kernel/ids.ts";
import { after, earliest, type Instant, instantOf, isPast } from "../kernel/time.ts";
import type { SessionPolicy } from "./policy.ts";

/** The closed list of reasons for which a session or a family is over. */
export const END_REASONS = [
  "signed_out",
  "revoked",
  "reuse",
  "evicted",
  "replaced",
  "idle",
  "absolute",
  "ancestor_ended",
  "subject_revoked",
  "client_revoked",
  "tenant_revoked",
  "policy_applied",
  "subject_blocked",
  "subject_erased",
] as const;
export type EndReason = (typeof END_REASONS)[number];

export interface Ended {
  readonly kind: "ended";
  readonly reason: EndReason;
  readonly at: Instant;
}

export type SessionState = { readonly kind: "active" } | Ended;

/** A generation that a rotation replaced, and when. */
export interface Superseded {
  readonly generation: number;
  readonly at: Instant;
}

/** A chain of rotated refresh tokens, of one client. */
export interface Family {
  readonly id: FamilyId;
  readonly client: ClientId;
  /** The head that the change which made this family had read: compared with the client's cut-off. */
  readonly born: Position;
  /** The current generation; from 1. */
  readonly generation: number;
  /** When the current generation was made. */
  readonly rotatedAt: Instant;
  /** The last four, newest first. The first of them is the predecessor of the current generation. */
  readonly superseded: readonly Superseded[];
  /** The server key of the current generation, so that a retry is equal byte for byte. */
  readonly macKid: number;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly ended: EndReason | null;
}

/** A token as it rests: the server key under which it is hashed, and the hash (spec/session-token.md OP-2). */
export interface HashedToken {
  readonly kid: number;
  /** base64url of 32 bytes. */
  readonly hash: string;
}

/** The session's opaque token, for cookies and gateways. */
export interface SessionToken extends HashedToken {
  /** Whose client, scope and audience it speaks with, and with which it ends. */
  readonly family: FamilyId;
  /** From 1; each rotation is one more. */
  readonly generation: number;
  /** The one that this replaced: refused, but recognised. */
  readonly previous: HashedToken | null;
}

export interface Device {
  readonly name: string | null;
  readonly userAgent: string | null;
  readonly ip: string | null;
  /** Where the app says that it is; absent when it does not say. */
  readonly region?: string;
}

export interface Session {
  readonly id: SessionId;
  readonly tenant: TenantId;
  readonly subject: SubjectId;
  /** 16 random bytes. Alone they mint nothing. */
  readonly seed: Uint8Array;
  /** The head that the opening change had read: compared with the subject's cut-off. */
  readonly born: Position;
  /** Nearest first: the parent, its parent, … at most 8. */
  readonly ancestors: readonly SessionId[];
  readonly acr: string | null;
  readonly amr: readonly string[];
  /** Seconds since the epoch: when the subject signed in. */
  readonly authTime: number | null;
  readonly device: Device | null;
  readonly claims: JsonObject;
  readonly policy: SessionPolicy;
  readonly opened: Instant;
  readonly lastActive: Instant;
  readonly families: readonly Family[];
  readonly token: SessionToken | null;
  readonly state: SessionState;
}

export const MAX_FAMILIES = 8;
/** Bytes of JSON. */
export const MAX_SESSION_CLAIMS = 1024;

/** Rounded down to a whole second: an `exp` can say no more, and a session that lives is good for one more token. */
export function absoluteEnd(session: Session): Instant {
  const end = after(session.opened, session.policy.absolute);
  return instantOf(end - (end % 1000));
}

/** When the session will be over if nothing more happens to it. */
export function foreseenEnd(session: Session): Instant {
  return earliest(after(session.lastActive, session.policy.idle), absoluteEnd(session));
}

/** Its own state at `now`: idle and absolute expiry are derived, no job has to run for them. */
export function stateAt(session: Session, now: Instant): SessionState {
  if (session.state.kind === "ended") return session.state;
  const end = foreseenEnd(session);
  if (!isPast(end, now)) return session.state;
  return { kind: "ended", reason: end === absoluteEnd(session) ? "absolute" : "idle", at: end };
}

export function familyOf(session: Session, id: FamilyId): Family | undefined {
  return session.families.find((family) => family.id === id);
}

export function withFamily(session: Session, next: Family): Session {
  return { ...session, families: session.families.map((family) => (family.id === next.id ? next : family)) };
}
