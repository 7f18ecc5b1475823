// What a signing key is in each state, and a set of them. The shape of the set is the promise: one active key, one next, always.

import type { ClientId } from "../kernel/ids.ts";
import { after, type Instant, isPast, latest } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";

export interface SealedKey {
  /** The RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  /** The private key in its envelope; the public key is derived from it. */
  readonly sealed: string;
}

export interface FreshKey extends SealedKey {
  /** The version that the ring has after the change which takes the key in. */
  readonly publishedIn: number;
}

/** For whom the next key signs already: one client, or this share of all sessions. */
export type Trial =
  | { readonly kind: "client"; readonly client: ClientId }
  /** 1 to 99. */
  | { readonly kind: "share"; readonly percent: number };

export type TrialWire = { readonly client_id: string } | { readonly percent: number };

export function trialToWire(trial: Trial | null): TrialWire | null {
  if (trial === null) return null;
  return trial.kind === "client" ? { client_id: trial.client } : { percent: trial.percent };
}

/** Whether a trial may have this share: neither nobody nor everybody. */
export function isShare(percent: number): boolean {
  return Number.isInteger(percent) && percent >= 1 && percent <= 99;
}

export interface NextKey extends SealedKey {
  readonly state: "next";
  readonly publishedAt: Instant;
  /** The version of the ring that published it: whoever acknowledged that knows the key. Null in rows from before it was noted. */
  readonly publishedIn: number | null;
  readonly trial: Trial | null;
}

export interface ActiveKey extends SealedKey {
  readonly state: "active";
  readonly publishedAt: Instant;
  readonly activatedAt: Instant;
}

export interface RetiringKey extends SealedKey {
  readonly state: "retiring";
  readonly publishedAt: Instant;
  readonly activatedAt: Instant;
  readonly retiredAt: Instant;
  /** When the last token that it can have signed expires. */
  readonly lastTokenExpires: Instant;
}

/** Kept for ever, so that its kid never returns; its private key is gone. */
export type GoneKey =
  | { readonly kid: string; readonly state: "removed"; readonly removedAt: Instant }
  | {
      readonly kid: string;
      readonly state: "compromised";
      readonly at: Instant;
      readonly was: "next" | "active" | "retiring" | "removed";
    };

export type SigningKey = NextKey | ActiveKey | RetiringKey | GoneKey;

export interface KeySet {
  readonly active: ActiveKey;
  readonly next: NextKey;
  readonly retiring: readonly RetiringKey[];
  readonly gone: readonly GoneKey[];
}

export function keysOf(set: KeySet): readonly SigningKey[] {
  return [set.active, set.next, ...set.retiring, ...set.gone];
}

export function keyOf(set: KeySet, kid: string): SigningKey | undefined {
  return keysOf(set).find((key) => key.kid === kid);
}

/** Whether `tend` would activate next, if nobody has to be waited for. */
export function isRotationDue(set: KeySet, now: Instant, policy: KeyPolicy): boolean {
  return isPast(rotationDueAt(set, policy), now);
}

/** Whether `tend` activates next although somebody has not acknowledged it. */
export function isPatienceOver(set: KeySet, now: Instant, policy: KeyPolicy): boolean {
  return isPast(after(rotationDueAt(set, policy), policy.patience), now);
}

export function rotationDueAt({ active, next }: KeySet, policy: KeyPolicy): Instant {
  return latest(after(active.activatedAt, policy.rotateEvery), seasonedAt(next, policy));
}

/** Whether `tend` would remove something. The timer waits a day longer than a person has to: the store's clock may be ahead of the verifiers'. */
export function isRemovalDue(set: KeySet, now: Instant, policy: KeyPolicy): boolean {
  return set.retiring.some((key) => isLongExpired(key, now, policy));
}

/** Whoever fetched the JWKS just before `next` was published has fetched it again since. */
export function isSeasoned(next: NextKey, now: Instant, policy: KeyPolicy): boolean {
  return isPast(seasonedAt(next, policy), now);
}

export function seasonedAt(next: NextKey, policy: KeyPolicy): Instant {
  return after(after(next.publishedAt, policy.jwksMaxAge), policy.skew);
}

export function isExpired(key: RetiringKey, now: Instant, policy: KeyPolicy): boolean {
  return isPast(after(key.lastTokenExpires, policy.skew), now);
}

export function isLongExpired(key: RetiringKey, now: Instant, policy: KeyPolicy): boolean {
  return isPast(after(after(key.lastTokenExpires, policy.skew), policy.clockDoubt), now);
}
