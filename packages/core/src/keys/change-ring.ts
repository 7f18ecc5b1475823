// Every change of a tenant's keys: read the row, open it, decide, write it. One commit, so a crash leaves a whole ring.

import type { SigningAlg } from "@hallpass/protocol";
import { type FactBodies, fact } from "../facts.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, type RefusalCode, refused } from "../kernel/refusal.ts";
import type { Instant } from "../kernel/time.ts";
import { answer, change, write } from "../store/change.ts";
import type { FactDraft, Store } from "../store/store.ts";
import { openRow } from "./create-key-ring.ts";
import { type KeyEncryptionKey, unreadable } from "./envelope.ts";
import type { KeyFact } from "./key-set.ts";
import { keySetOf, type Ring } from "./key-sets.ts";
import type { MacFact } from "./mac-keys.ts";
import { ringKey } from "./ring.ts";
import { ringToRow } from "./ring-row.ts";
import type { SecretKeyFact } from "./secret-keys.ts";
import { trialToWire } from "./signing-key.ts";

export interface ChangeRingDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly kek: KeyEncryptionKey;
}

export interface RingVersion {
  /** Verifiers that have acknowledged this version, or a later one, know the keys as they are now. */
  readonly version: number;
  /** Of the algorithm that was changed. */
  readonly active: string;
  readonly next: string;
}

export type RingRuling =
  /** `alg`: whose active and next key are answered; those of ES256 if it says nothing. */
  | {
      readonly kind: "changed";
      readonly next: Ring;
      readonly facts: readonly FactDraft[];
      readonly alg?: SigningAlg;
    }
  | { readonly kind: "unchanged"; readonly alg?: SigningAlg }
  | { readonly kind: "refused"; readonly code: RefusalCode };

/** Throws Fault `keys_unreadable` when there are no keys or they don't open, and the Faults of `change`. */
export async function changeRing(
  { store, dice, kek }: ChangeRingDeps,
  tenant: TenantId,
  /** `version` is the one that the ring has if it is changed. */
  decide: (ring: Ring, now: Instant, version: number) => RingRuling,
): Promise<Answer<RingVersion>> {
  const key = ringKey(tenant);
  return change(store, dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) throw unreadable("there are no keys yet");
    // Whoever can't open the keys must not add one: nobody else could open that.
    const { ring } = openRow(row, kek);
    const ruling = decide(ring, snapshot.clock, row.version + 1);
    if (ruling.kind === "refused") return answer(refused(ruling.code));
    if (ruling.kind === "unchanged") return answer(granted(versionOf(ring, row.version, ruling.alg)));
    const value = ringToRow(ruling.next);
    return write({
      rows: [{ key, expect: row.version, next: { value, expires: null } }],
      facts: ruling.facts,
      answer: () => granted(versionOf(ruling.next, row.version + 1, ruling.alg)),
    });
  });
}

export function versionOf(ring: Ring, version: number, alg?: SigningAlg): RingVersion {
  const { active, next } = (alg === undefined ? undefined : keySetOf(ring, alg)) ?? ring.signing;
  return { version, active: active.kid, next: next.kid };
}

type Actor = FactBodies["key_compromised"]["actor"];

/** `actor` is whoever had a key refused, put back or tried; nobody else's name stands in the facts of keys. */
export function keyFacts(
  tenant: TenantId,
  at: Instant,
  facts: readonly KeyFact[],
  actor: Actor = null,
): readonly FactDraft[] {
  return facts.map((one) => {
    const { kid } = one;
    switch (one.kind) {
      case "key_compromised":
        return fact(tenant, at, one.kind, { kid, actor });
      case "key_trial_changed":
        return fact(tenant, at, one.kind, { kid, trial: trialToWire(one.trial), actor });
      case "key_activated":
        return fact(tenant, at, one.kind, one.laggards.length === 0 ? { kid } : { kid, laggards: named(one.laggards) });
      case "key_created":
      case "key_retired":
      case "key_removed":
        return fact(tenant, at, one.kind, { kid });
    }
  });
}

/** A fact is one row: of a whole fleet it names the first. */
const MOST_NAMED = 50;

function named(laggards: readonly string[]): { readonly count: number; readonly instances: readonly string[] } {
  return { count: laggards.length, instances: laggards.slice(0, MOST_NAMED) };
}

export function macFacts(
  tenant: TenantId,
  at: Instant,
  facts: readonly (MacFact | SecretKeyFact)[],
): readonly FactDraft[] {
  return facts.map(({ kind, kid }) => fact(tenant, at, kind, { kid }));
}
