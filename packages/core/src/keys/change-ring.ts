// Every change of a tenant's keys: read the row, open it, decide, write it. One commit, so a crash leaves a whole ring.

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
import type { MacFact } from "./mac-keys.ts";
import { ringKey } from "./ring.ts";
import { type Ring, ringToRow } from "./ring-row.ts";

export interface ChangeRingDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly kek: KeyEncryptionKey;
}

export interface RingVersion {
  /** Verifiers that have acknowledged this version, or a later one, know the keys as they are now. */
  readonly version: number;
  readonly active: string;
  readonly next: string;
}

export type RingRuling =
  | { readonly kind: "changed"; readonly next: Ring; readonly facts: readonly FactDraft[] }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly code: RefusalCode };

/** Throws Fault `keys_unreadable` when there are no keys or they don't open, and the Faults of `change`. */
export async function changeRing(
  { store, dice, kek }: ChangeRingDeps,
  tenant: TenantId,
  decide: (ring: Ring, now: Instant) => RingRuling,
): Promise<Answer<RingVersion>> {
  const key = ringKey(tenant);
  return change(store, dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) throw unreadable("there are no keys yet");
    // Whoever can't open the keys must not add one: nobody else could open that.
    const { ring } = openRow(row, kek);
    const ruling = decide(ring, snapshot.clock);
    if (ruling.kind === "refused") return answer(refused(ruling.code));
    if (ruling.kind === "unchanged") return answer(granted(versionOf(ring, row.version)));
    const value = ringToRow(ruling.next);
    return write({
      rows: [{ key, expect: row.version, next: { value, expires: null } }],
      facts: ruling.facts,
      answer: () => granted(versionOf(ruling.next, row.version + 1)),
    });
  });
}

export function versionOf({ signing }: Ring, version: number): RingVersion {
  return { version, active: signing.active.kid, next: signing.next.kid };
}

/** `actor` is whoever had a key refused; nobody else's name stands in the facts of keys. */
export function keyFacts(
  tenant: TenantId,
  at: Instant,
  facts: readonly KeyFact[],
  actor: FactBodies["key_compromised"]["actor"] = null,
): readonly FactDraft[] {
  return facts.map(({ kind, kid }) =>
    kind === "key_compromised" ? fact(tenant, at, kind, { kid, actor }) : fact(tenant, at, kind, { kid }),
  );
}

export function macFacts(tenant: TenantId, at: Instant, facts: readonly MacFact[]): readonly FactDraft[] {
  return facts.map(({ kind, kid }) => fact(tenant, at, kind, { kid }));
}
