// What a signing key is in each state, and a set of them. The shape of the set is the promise: one active key, one next, always.

import { after, type Instant, isPast } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";

export interface FreshKey {
  /** The RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  /** The private key in its envelope; the public key is derived from it. */
  readonly sealed: string;
}

export interface NextKey extends FreshKey {
  readonly state: "next";
  readonly publishedAt: Instant;
}

export interface ActiveKey extends FreshKey {
  readonly state: "active";
  readonly publishedAt: Instant;
  readonly activatedAt: Instant;
}

export interface RetiringKey extends FreshKey {
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

/** Whether `tend` would activate next. */
export function isRotationDue(set: KeySet, now: Instant, policy: KeyPolicy): boolean {
  return isPast(after(set.active.activatedAt, policy.rotateEvery), now) && isSeasoned(set.next, now, policy);
}

/** Whether `tend` would remove something. The timer waits a day longer than a person has to: the store's clock may be ahead of the verifiers'. */
export function isRemovalDue(set: KeySet, now: Instant, policy: KeyPolicy): boolean {
  return set.retiring.some((key) => isLongExpired(key, now, policy));
}

/** Whoever fetched the JWKS just before `next` was published has fetched it again since. */
export function isSeasoned(next: NextKey, now: Instant, policy: KeyPolicy): boolean {
  return isPast(after(after(next.publishedAt, policy.jwksMaxAge), policy.skew), now);
}

export function isExpired(key: RetiringKey, now: Instant, policy: KeyPolicy): boolean {
  return isPast(after(key.lastTokenExpires, policy.skew), now);
}

export function isLongExpired(key: RetiringKey, now: Instant, policy: KeyPolicy): boolean {
  return isPast(after(after(key.lastTokenExpires, policy.skew), policy.clockDoubt), now);
}
