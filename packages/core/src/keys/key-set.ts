// The life of a signing key, pure and total. `decideKeys` may run twice: a fresh key arrives with the event, time is an argument.
// A set always has one active key and one next; both are published, and so is every retiring key.
//
// A cell is the state that a key of that column has afterwards, or the refusal. `rotate` and `tend` concern the whole set,
// `compromise` and `remove` the key they name. `seasoned`: next has been published for jwksMaxAge + skew.
// `due`: seasoned, and the key has been active for rotateEvery. `expired`: lastTokenExpires + skew is past.
// `long expired`: lastTokenExpires + skew + clockDoubt is past.
//
// | event          | clock            | next          | active        | retiring      | removed       | compromised   |
// | -------------- | ---------------- | ------------- | ------------- | ------------- | ------------- | ------------- |
// | rotate         | not seasoned     | key_too_fresh | key_too_fresh | key_too_fresh | key_too_fresh | key_too_fresh |
// | rotate         | seasoned         | active        | retiring      | retiring      | removed       | compromised   |
// | rotate, forced | not seasoned     | active        | retiring      | retiring      | removed       | compromised   |
// | tend           | not due          | next          | active        | retiring      | removed       | compromised   |
// | tend           | due              | active        | retiring      | retiring      | removed       | compromised   |
// | tend           | not long expired | next          | active        | retiring      | removed       | compromised   |
// | tend           | long expired     | next          | active        | removed       | removed       | compromised   |
// | compromise     | any              | compromised   | compromised   | compromised   | compromised   | compromised   |
// | remove         | not expired      | key_state     | key_state     | key_state     | removed       | key_state     |
// | remove         | expired          | key_state     | key_state     | removed       | removed       | key_state     |
//
// Whenever next is used up or compromised, the fresh key becomes next; when active is compromised, next becomes active
// in the same change, whatever its age. A kid that the set does not know is `key_not_found`. A kid never returns: a fresh
// key whose kid the set knows, in any state, is `key_state`. What is so already is `unchanged`.

import { after, type Instant } from "../kernel/time.ts";
import type { KeyPolicy } from "./key-policy.ts";
import {
  type ActiveKey,
  type FreshKey,
  type GoneKey,
  isExpired,
  isLongExpired,
  isRotationDue,
  isSeasoned,
  type KeySet,
  keyOf,
  type NextKey,
  type RetiringKey,
} from "./signing-key.ts";

export type KeyEvent =
  | { readonly kind: "rotate"; readonly force: boolean; readonly fresh: FreshKey }
  | { readonly kind: "tend"; readonly fresh: FreshKey }
  | { readonly kind: "compromise"; readonly kid: string; readonly fresh: FreshKey }
  | { readonly kind: "remove"; readonly kid: string };

export interface KeyFact {
  readonly kind: "key_created" | "key_activated" | "key_retired" | "key_removed" | "key_compromised";
  readonly kid: string;
}

export interface Changed {
  readonly kind: "changed";
  readonly next: KeySet;
  readonly facts: readonly KeyFact[];
}

export type KeyRuling =
  | Changed
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly code: "key_not_found" | "key_state" | "key_too_fresh" };

/** The first set of an issuer: there is no JWKS yet that anyone could remember, so `active` signs at once. */
export function firstKeySet(active: FreshKey, next: FreshKey, now: Instant): Changed {
  const set: KeySet = {
    active: activated(published(active, now), now),
    next: published(next, now),
    retiring: [],
    gone: [],
  };
  return changed(set, ["key_created", active], ["key_created", next], ["key_activated", active]);
}

export function decideKeys(set: KeySet, event: KeyEvent, now: Instant, policy: KeyPolicy): KeyRuling {
  if (event.kind !== "remove" && keyOf(set, event.fresh.kid) !== undefined) return refuse("key_state");
  switch (event.kind) {
    case "rotate":
      if (!event.force && !isSeasoned(set.next, now, policy)) return refuse("key_too_fresh");
      return rotated(set, event.fresh, now, policy);
    case "tend":
      return tended(set, event.fresh, now, policy);
    case "compromise":
      return compromised(set, event.kid, event.fresh, now);
    case "remove":
      return removed(set, event.kid, now, policy);
  }
}

function rotated(set: KeySet, fresh: FreshKey, now: Instant, policy: KeyPolicy): Changed {
  // The skew covers a node that had read the set, and its clock, while this change was being committed.
  const lastTokenExpires = after(after(now, policy.longestTokenLifetime), policy.skew);
  const next: KeySet = {
    ...set,
    active: activated(set.next, now),
    next: published(fresh, now),
    retiring: [...set.retiring, { ...set.active, state: "retiring", retiredAt: now, lastTokenExpires }],
  };
  return changed(next, ["key_retired", set.active], ["key_activated", set.next], ["key_created", fresh]);
}

function tended(set: KeySet, fresh: FreshKey, now: Instant, policy: KeyPolicy): KeyRuling {
  const turn = isRotationDue(set, now, policy) ? rotated(set, fresh, now, policy) : changed(set);
  const over = turn.next.retiring.filter((key) => isLongExpired(key, now, policy));
  const facts: KeyFact[] = [...turn.facts, ...over.map(({ kid }): KeyFact => ({ kind: "key_removed", kid }))];
  if (facts.length === 0) return { kind: "unchanged" };
  const kept = over.reduce((rest, key) => without(rest, key, now), turn.next);
  return { kind: "changed", next: kept, facts };
}

function compromised(set: KeySet, kid: string, fresh: FreshKey, now: Instant): KeyRuling {
  const key = keyOf(set, kid);
  if (key === undefined) return refuse("key_not_found");
  if (key.state === "compromised") return { kind: "unchanged" };
  const gone: GoneKey[] = [
    ...set.gone.filter((other) => other !== key),
    { kid, state: "compromised", at: now, was: key.state },
  ];
  switch (key.state) {
    case "active": {
      const turned: KeySet = { ...set, active: activated(set.next, now), next: published(fresh, now), gone };
      return changed(turned, ["key_compromised", key], ["key_activated", set.next], ["key_created", fresh]);
    }
    case "next":
      return changed({ ...set, next: published(fresh, now), gone }, ["key_compromised", key], ["key_created", fresh]);
    case "retiring":
    case "removed":
      return changed({ ...set, retiring: set.retiring.filter((other) => other !== key), gone }, [
        "key_compromised",
        key,
      ]);
  }
}

function removed(set: KeySet, kid: string, now: Instant, policy: KeyPolicy): KeyRuling {
  const key = keyOf(set, kid);
  if (key === undefined) return refuse("key_not_found");
  if (key.state === "removed") return { kind: "unchanged" };
  if (key.state !== "retiring" || !isExpired(key, now, policy)) return refuse("key_state");
  return changed(without(set, key, now), ["key_removed", key]);
}

function without(set: KeySet, key: RetiringKey, now: Instant): KeySet {
  return {
    ...set,
    retiring: set.retiring.filter((other) => other !== key),
    gone: [...set.gone, { kid: key.kid, state: "removed", removedAt: now }],
  };
}

function published({ kid, sealed }: FreshKey, now: Instant): NextKey {
  return { kid, sealed, state: "next", publishedAt: now };
}

function activated(key: NextKey, now: Instant): ActiveKey {
  return { ...key, state: "active", activatedAt: now };
}

function changed(next: KeySet, ...facts: readonly (readonly [KeyFact["kind"], { readonly kid: string }])[]): Changed {
  return { kind: "changed", next, facts: facts.map(([kind, { kid }]) => ({ kind, kid })) };
}

function refuse(code: "key_not_found" | "key_state" | "key_too_fresh"): KeyRuling {
  return { kind: "refused", code };
}
