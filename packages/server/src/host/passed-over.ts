// Rows that the sweep of this node could not read: it goes past them, tells of them once, and looks at them again after an hour, because
// somebody may have mended them, or taken another release that can read them.

import { type Clock, type PassedOver, type RowKey, type RowKind, RowMap } from "@hallpass/core";

/** Milliseconds. */
const FORGOTTEN_AFTER = 3_600_000;
/** With more than so many a store is broken, and what lies behind them is not swept. */
const MOST = 10_000;

export interface RememberedRows extends PassedOver {
  readonly size: () => number;
  /** What is to be told of those that came since the last call; undefined when none did. */
  told(): Error | undefined;
}

export function rememberedRows(clock: Pick<Clock, "monotonic">): RememberedRows {
  const rows = new RowMap<true>();
  const counts = new Map<RowKind, number>();
  let since = 0;
  let untold: { readonly first: unknown; readonly counts: Map<RowKind, number> } | undefined;

  return {
    has: (key) => rows.has(key),
    count: (kind) => counts.get(kind) ?? 0,
    size: () => rows.size,
    add: (key: RowKey, thrown) => {
      if (rows.size === 0) since = clock.monotonic();
      untold ??= { first: thrown, counts: new Map() };
      untold.counts.set(key.kind, (untold.counts.get(key.kind) ?? 0) + 1);
      if (rows.size >= MOST || rows.has(key)) return;
      rows.set(key, true);
      counts.set(key.kind, (counts.get(key.kind) ?? 0) + 1);
    },
    told: () => {
      if (rows.size > 0 && clock.monotonic() - since >= FORGOTTEN_AFTER) {
        rows.clear();
        counts.clear();
      }
      if (untold === undefined) return undefined;
      const many = [...untold.counts].map(([kind, count]) => `${count} of kind ${kind}`).join(", ");
      const error = new Error(`the sweep goes past rows that it can't read: ${many}`, { cause: untold.first });
      untold = undefined;
      return error;
    },
  };
}
