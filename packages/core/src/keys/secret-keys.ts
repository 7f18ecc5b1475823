// The keys under which the secrets of clients are hashed at rest (spec/session-token.md OP-2). They are not the MAC keys of
// refresh tokens, which can be dropped with the last session; a secret lives until its client gets another one.
// Their kids go on where those of MAC keys end: a secret from before there were any names a MAC key by 1 to 255.

import { after, type Instant, isPast } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";

export interface FreshSecretKey {
  /** 256 or more; never used twice. */
  readonly kid: number;
  /** 32 random bytes in their envelope. */
  readonly sealed: string;
}

export interface SecretKey extends FreshSecretKey {
  readonly createdAt: Instant;
}

export interface SecretKeySet {
  /** Hashes new secrets, and every secret that is used again. */
  readonly current: SecretKey;
  /** Newest first: they verify what was not used since. */
  readonly older: readonly SecretKey[];
}

export interface SecretKeyFact {
  readonly kind: "secret_key_created" | "secret_key_removed";
  readonly kid: number;
}

export const FIRST_SECRET_KID = 256;

export function followingSecretKid(set: SecretKeySet | null): number {
  return set === null ? FIRST_SECRET_KID : set.current.kid + 1;
}

/** Rings from before there were secret keys get the first at once. */
export function isSecretRotationDue(set: SecretKeySet | null, now: Instant, policy: KeyPolicy): boolean {
  return set === null || isPast(after(set.current.createdAt, policy.secretRotateEvery), now);
}

/** `fresh` has the following kid, or another node was faster and nothing changes. */
export function rotateSecretKeys(set: SecretKeySet | null, fresh: FreshSecretKey, now: Instant): SecretKeySet | null {
  if (fresh.kid !== followingSecretKid(set)) return set;
  return { current: { ...fresh, createdAt: now }, older: set === null ? [] : [set.current, ...set.older] };
}

/** Older keys that made nothing for a day: whoever read the ring before it was rotated has written by now. */
export function settledSecretKids(
  { current, older }: SecretKeySet,
  now: Instant,
  policy: KeyPolicy,
): readonly number[] {
  return isPast(after(current.createdAt, policy.clockDoubt), now) ? older.map(({ kid }) => kid) : [];
}
