// A fact that a reader could not take: laid aside, with who could not and since when, for an operator to see.

import type { TenantId } from "../kernel/ids.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import type { Row, RowChange, RowKey, StoredFact } from "../store/store.ts";

export interface DeadLetter {
  readonly reader: string;
  readonly kind: string;
  readonly session: string | null;
  /** When the fact happened. */
  readonly at: Instant;
  /** When the reader gave it up. */
  readonly laidAside: Instant;
}

/** Milliseconds. The fact itself is kept as long as facts are. */
const KEPT = 30 * 24 * 60 * 60 * 1000;
const LAYOUT = 1;

export function deadLetterKey(tenant: TenantId, reader: string, cursor: string): RowKey {
  return { tenant, kind: "dead_letter", id: `${reader}/${cursor}` };
}

export function deadLetterChange(fact: StoredFact, reader: string, now: Instant): RowChange {
  const letter: DeadLetter = { reader, kind: fact.kind, session: fact.session, at: fact.at, laidAside: now };
  const value = JSON.stringify({ layout: LAYOUT, ...letter });
  return {
    key: deadLetterKey(fact.tenant, reader, fact.cursor),
    expect: "absent",
    next: { value, expires: afterMs(now, KEPT) },
  };
}

export function deadLetterFromRow(row: Row): DeadLetter {
  const { layout, ...letter } = JSON.parse(row.value) as DeadLetter & { readonly layout: number };
  if (layout !== LAYOUT) throw new Error("a dead letter has a layout that this version does not know");
  return letter;
}
