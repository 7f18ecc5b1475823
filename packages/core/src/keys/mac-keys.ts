// The server's MAC keys: refresh tokens, session tokens and cursors name the one that made them by its kid, 1 to 255.
// One makes, all verify. An older key goes when no session that was opened under it can live any more (drop-unused-keys.ts).
// Secrets of clients outlive every session, and have keys of their own (secret-keys.ts); those from before there were any
// are hashed under a MAC key, which then stays until they were used again.

import { after, type Instant, isPast } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";

export interface FreshMacKey {
  readonly kid: number;
  /** 32 random bytes in their envelope. */
  readonly sealed: string;
}

export interface CurrentMacKey extends FreshMacKey {
  readonly createdAt: Instant;
}

export interface OlderMacKey extends CurrentMacKey {
  /** No session that was opened under it can live longer. */
  readonly keepUntil: Instant;
}

export interface MacKeySet {
  readonly current: CurrentMacKey;
  /** Newest first. */
  readonly older: readonly OlderMacKey[];
}

export interface MacFact {
  readonly kind: "mac_key_created" | "mac_key_removed";
  readonly kid: number;
}

export type MacRuling =
  | { readonly kind: "unchanged" }
  | { readonly kind: "changed"; readonly next: MacKeySet; readonly facts: readonly MacFact[] };

export const FIRST_MAC_KID = 1;
const LAST_MAC_KID = 255;

export function firstMacKeySet(fresh: FreshMacKey, now: Instant): MacKeySet {
  return { current: { ...fresh, createdAt: now }, older: [] };
}

/** The kid that the next key will have; 1 follows 255. */
export function followingMacKid(set: MacKeySet): number {
  return (set.current.kid % LAST_MAC_KID) + FIRST_MAC_KID;
}

/** Whether `rotateMacKeys` would make a key now: the current one is old enough, and nobody needs the number any more. */
export function isMacRotationDue(set: MacKeySet, now: Instant, policy: KeyPolicy): boolean {
  const holder = holderOf(set, followingMacKid(set));
  return (
    isPast(after(set.current.createdAt, policy.macRotateEvery), now) &&
    (holder === undefined || isPast(holder.keepUntil, now))
  );
}

/** Makes `fresh` the current key if that is due and it has the following kid; another node may have been faster. */
export function rotateMacKeys(set: MacKeySet, fresh: FreshMacKey, now: Instant, policy: KeyPolicy): MacRuling {
  if (!isMacRotationDue(set, now, policy) || fresh.kid !== followingMacKid(set)) return { kind: "unchanged" };
  const holder = holderOf(set, fresh.kid);
  const retired: OlderMacKey = { ...set.current, keepUntil: after(now, policy.macKeep) };
  const created: MacFact = { kind: "mac_key_created", kid: fresh.kid };
  return {
    kind: "changed",
    next: {
      current: { ...fresh, createdAt: now },
      older: [retired, ...set.older.filter((key) => key !== holder)],
    },
    facts: holder === undefined ? [created] : [{ kind: "mac_key_removed", kid: holder.kid }, created],
  };
}

/** Older keys under which nothing can live that was ever made: the timer waits a day longer, for the store's clock may be ahead. */
export function outlivedMacKids({ older }: MacKeySet, now: Instant, policy: KeyPolicy): readonly number[] {
  return older.filter(({ keepUntil }) => isPast(after(keepUntil, policy.clockDoubt), now)).map(({ kid }) => kid);
}

function holderOf(set: MacKeySet, kid: number): OlderMacKey | undefined {
  return set.older.find((key) => key.kid === kid);
}
