// The life of a signing key, pure and total. `decideKeys` may run twice: a fresh key arrives with the event, time is an argument.
// A set always has one active key and one next; both are published, and so is every retiring key.
//
// A cell is the state that a key of that column has afterwards, or the refusal. `rotate`, `try` and `tend` concern the whole
// set, `compromise`, `restore` and `remove` the keys they name. `seasoned`: next has been published for jwksMaxAge + skew.
// `due`: seasoned, and the key has been active for rotateEvery. `patience`: due for `patience`. `expired`: lastTokenExpires
// + skew is past. `long expired`: lastTokenExpires + skew + clockDoubt is past. `behind`: a verifier that lives has not
// acknowledged next.
//
// | event                      | clock            | next             | active           | retiring         | removed          | compromised      |
// | -------------------------- | ---------------- | ---------------- | ---------------- | ---------------- | ---------------- | ---------------- |
// | rotate                     | not seasoned     | key_too_fresh    | key_too_fresh    | key_too_fresh    | key_too_fresh    | key_too_fresh    |
// | rotate                     | seasoned         | active           | retiring         | retiring         | removed          | compromised      |
// | rotate, behind             | seasoned         | verifiers_behind | verifiers_behind | verifiers_behind | verifiers_behind | verifiers_behind |
// | rotate, behind, forced     | not seasoned     | active           | retiring         | retiring         | removed          | compromised      |
// | try                        | not seasoned     | key_too_fresh    | key_too_fresh    | key_too_fresh    | key_too_fresh    | key_too_fresh    |
// | try                        | seasoned         | next             | active           | retiring         | removed          | compromised      |
// | try, behind                | seasoned         | verifiers_behind | verifiers_behind | verifiers_behind | verifiers_behind | verifiers_behind |
// | try, behind, forced        | not seasoned     | next             | active           | retiring         | removed          | compromised      |
// | tend                       | not due          | next             | active           | retiring         | removed          | compromised      |
// | tend                       | due              | active           | retiring         | retiring         | removed          | compromised      |
// | tend, behind               | not patience due | next             | active           | retiring         | removed          | compromised      |
// | tend, behind               | patience due     | active           | retiring         | retiring         | removed          | compromised      |
// | tend                       | not long expired | next             | active           | retiring         | removed          | compromised      |
// | tend                       | long expired     | next             | active           | removed          | removed          | compromised      |
// | compromise                 | any              | compromised      | compromised      | compromised      | compromised      | compromised      |
// | compromise active and next | any              | compromised      | compromised      | retiring         | removed          | compromised      |
// | restore                    | any              | key_state        | active           | active           | key_state        | key_state        |
// | remove                     | not expired      | key_state        | key_state        | key_state        | removed          | key_state        |
// | remove                     | expired          | key_state        | key_state        | removed          | removed          | key_state        |
//
// Whenever next is used up or compromised, a fresh key becomes next. When active is compromised, next becomes active in the
// same change, whatever its age; when both are, a fresh key becomes active and another one next. When a retiring key is
// restored, the active one retires. `try` says for whom next signs already, and takes it back; a key that becomes active
// signs for all. A kid that the set does not know is `key_not_found`. A kid never returns: a fresh key whose kid the set
// knows, in any state, is `key_state`. What is so already is `unchanged`.

import { after, type Instant } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";
import {
  type ActiveKey,
  type FreshKey,
  type GoneKey,
  isExpired,
  isLongExpired,
  isPatienceOver,
  isRotationDue,
  isSeasoned,
  type KeySet,
  keyOf,
  type NextKey,
  type RetiringKey,
  type Trial,
} from "./signing-key.ts";

/** Verifiers that live and have not acknowledged the next key, by name (laggards.ts). */
export interface Waited {
  readonly laggards: readonly string[];
}

export type KeyEvent =
  | ({ readonly kind: "rotate"; readonly force: boolean; readonly fresh: FreshKey } & Waited)
  | ({ readonly kind: "tend"; readonly fresh: FreshKey } & Waited)
  /** Null: next signs for nobody any more. */
  | ({ readonly kind: "try"; readonly trial: Trial | null; readonly force: boolean } & Waited)
  | { readonly kind: "compromise"; readonly kids: readonly string[]; readonly fresh: readonly [FreshKey, FreshKey] }
  | { readonly kind: "restore"; readonly kid: string }
  | { readonly kind: "remove"; readonly kid: string };

export type KeyRefusal = "key_not_found" | "key_state" | "key_too_fresh" | "verifiers_behind";

export type KeyFact =
  | { readonly kind: "key_created" | "key_retired" | "key_removed" | "key_compromised"; readonly kid: string }
  | { readonly kind: "key_activated"; readonly kid: string; readonly laggards: readonly string[] }
  | { readonly kind: "key_trial_changed"; readonly kid: string; readonly trial: Trial | null };

export interface Changed {
  readonly kind: "changed";
  readonly next: KeySet;
  readonly facts: readonly KeyFact[];
}

export type KeyRuling =
  | Changed
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly code: KeyRefusal };

/** The first set of an issuer: there is no JWKS yet that anyone could remember, so `active` signs at once. */
export function firstKeySet(active: FreshKey, next: FreshKey, now: Instant): Changed {
  const set: KeySet = {
    active: activated(published(active, now), now),
    next: published(next, now),
    retiring: [],
    gone: [],
  };
  return changed(set, [said("key_created", active), said("key_created", next), begun(active)]);
}

/** The first set of a further algorithm: `active` signs when whoever remembers a JWKS without it has fetched it again. */
export function furtherKeySet(active: FreshKey, next: FreshKey, now: Instant, policy: KeyPolicy): Changed {
  const first = firstKeySet(active, next, now);
  const activatedAt = after(after(now, policy.jwksMaxAge), policy.skew);
  return { ...first, next: { ...first.next, active: { ...first.next.active, activatedAt } } };
}

export function decideKeys(set: KeySet, event: KeyEvent, now: Instant, policy: KeyPolicy): KeyRuling {
  if (freshKeysOf(event).some(({ kid }) => keyOf(set, kid) !== undefined)) return refuse("key_state");
  switch (event.kind) {
    case "rotate": {
      const reason = event.force ? undefined : whyNotYet(set, event, now, policy);
      return reason === undefined ? rotated(set, event, now, policy) : refuse(reason);
    }
    case "try": {
      const reason = event.force || event.trial === null ? undefined : whyNotYet(set, event, now, policy);
      return reason === undefined ? tried(set, event.trial) : refuse(reason);
    }
    case "tend":
      return tended(set, event, now, policy);
    case "compromise":
      return compromised(set, event.kids, event.fresh, now);
    case "restore":
      return restored(set, event.kid, now, policy);
    case "remove":
      return removed(set, event.kid, now, policy);
  }
}

function freshKeysOf(event: KeyEvent): readonly FreshKey[] {
  return "fresh" in event ? [event.fresh].flat() : [];
}

/** Why next may not sign: a cache, or a verifier, may not know it. */
function whyNotYet({ next }: KeySet, { laggards }: Waited, now: Instant, policy: KeyPolicy): KeyRefusal | undefined {
  if (!isSeasoned(next, now, policy)) return "key_too_fresh";
  return laggards.length > 0 ? "verifiers_behind" : undefined;
}

function rotated(set: KeySet, event: Waited & { readonly fresh: FreshKey }, now: Instant, policy: KeyPolicy): Changed {
  const { fresh, laggards } = event;
  const next: KeySet = {
    ...set,
    active: activated(set.next, now),
    next: published(fresh, now),
    retiring: [...set.retiring, retired(set.active, now, policy)],
  };
  return changed(next, [said("key_retired", set.active), begun(set.next, laggards), said("key_created", fresh)]);
}

function tried(set: KeySet, trial: Trial | null): KeyRuling {
  if (JSON.stringify(set.next.trial) === JSON.stringify(trial)) return { kind: "unchanged" };
  const { kid } = set.next;
  return changed({ ...set, next: { ...set.next, trial } }, [{ kind: "key_trial_changed", kid, trial }]);
}

function tended(set: KeySet, event: Waited & { readonly fresh: FreshKey }, now: Instant, policy: KeyPolicy): KeyRuling {
  const waits = event.laggards.length > 0 && !isPatienceOver(set, now, policy);
  const turns = isRotationDue(set, now, policy) && !waits;
  const turn = turns ? rotated(set, event, now, policy) : changed(set, []);
  const over = turn.next.retiring.filter((key) => isLongExpired(key, now, policy));
  const facts: readonly KeyFact[] = [...turn.facts, ...over.map((key) => said("key_removed", key))];
  if (facts.length === 0) return { kind: "unchanged" };
  const kept = over.reduce((rest, key) => without(rest, key, now), turn.next);
  return { kind: "changed", next: kept, facts };
}

function compromised(
  set: KeySet,
  kids: readonly string[],
  [first, second]: readonly [FreshKey, FreshKey],
  now: Instant,
): KeyRuling {
  const named = kids.map((kid) => keyOf(set, kid));
  if (!named.every((key) => key !== undefined)) return refuse("key_not_found");
  const keys = [...new Set(named)].filter((key) => key.state !== "compromised");
  if (keys.length === 0) return { kind: "unchanged" };
  const left: KeySet = {
    ...set,
    retiring: set.retiring.filter((key) => !kids.includes(key.kid)),
    gone: [
      ...set.gone.filter((key) => !keys.some((one) => one === key)),
      ...keys.map(({ kid, state: was }): GoneKey => ({ kid, state: "compromised", at: now, was })),
    ],
  };
  const taken = keys.map((key) => said("key_compromised", key));
  const [activeGone, nextGone] = [keys.includes(set.active), keys.includes(set.next)];
  if (activeGone && nextGone) {
    const turned: KeySet = { ...left, active: activated(published(first, now), now), next: published(second, now) };
    return changed(turned, [...taken, said("key_created", first), begun(first), said("key_created", second)]);
  }
  if (activeGone) {
    const turned: KeySet = { ...left, active: activated(set.next, now), next: published(first, now) };
    return changed(turned, [...taken, begun(set.next), said("key_created", first)]);
  }
  if (nextGone) return changed({ ...left, next: published(first, now) }, [...taken, said("key_created", first)]);
  return changed(left, taken);
}

/** Every verifier knows a retiring key, so it may sign at once. */
function restored(set: KeySet, kid: string, now: Instant, policy: KeyPolicy): KeyRuling {
  const key = keyOf(set, kid);
  if (key === undefined) return refuse("key_not_found");
  if (key.state === "active") return { kind: "unchanged" };
  if (key.state !== "retiring") return refuse("key_state");
  const next: KeySet = {
    ...set,
    active: activated(key, now),
    retiring: [...set.retiring.filter((other) => other !== key), retired(set.active, now, policy)],
  };
  return changed(next, [said("key_retired", set.active), begun(key)]);
}

function removed(set: KeySet, kid: string, now: Instant, policy: KeyPolicy): KeyRuling {
  const key = keyOf(set, kid);
  if (key === undefined) return refuse("key_not_found");
  if (key.state === "removed") return { kind: "unchanged" };
  if (key.state !== "retiring" || !isExpired(key, now, policy)) return refuse("key_state");
  return changed(without(set, key, now), [said("key_removed", key)]);
}

function without(set: KeySet, key: RetiringKey, now: Instant): KeySet {
  return {
    ...set,
    retiring: set.retiring.filter((other) => other !== key),
    gone: [...set.gone, { kid: key.kid, state: "removed", removedAt: now }],
  };
}

function published({ kid, sealed, publishedIn }: FreshKey, now: Instant): NextKey {
  return { kid, sealed, state: "next", publishedAt: now, publishedIn, trial: null };
}

function activated({ kid, sealed, publishedAt }: NextKey | RetiringKey, now: Instant): ActiveKey {
  return { kid, sealed, state: "active", publishedAt, activatedAt: now };
}

function retired(active: ActiveKey, now: Instant, policy: KeyPolicy): RetiringKey {
  // The skew covers a node that had read the set, and its clock, while this change was being committed.
  const lastTokenExpires = after(after(now, policy.longestTokenLifetime), policy.skew);
  return { ...active, state: "retiring", retiredAt: now, lastTokenExpires };
}

type Named = { readonly kid: string };

function said(kind: "key_created" | "key_retired" | "key_removed" | "key_compromised", { kid }: Named): KeyFact {
  return { kind, kid };
}

function begun({ kid }: Named, laggards: readonly string[] = []): KeyFact {
  return { kind: "key_activated", kid, laggards };
}

function changed(next: KeySet, facts: readonly KeyFact[]): Changed {
  return { kind: "changed", next, facts };
}

function refuse(code: KeyRefusal): KeyRuling {
  return { kind: "refused", code };
}
