// Stores that compare or write wrongly.

import { type Change, type Outcome, type Row, type RowChange, rowKeyText, type Store } from "@hallpass/core";
import type { BrokenStore } from "./broken-store.ts";
import { mapRows, spoilCommits } from "./spoiling.ts";

export const brokenWrites: readonly BrokenStore[] = [
  {
    name: "writes over a later version",
    breaks: "racing.one-winner",
    also: {
      "racing.stale": "a stale change is what it lets through",
      "racing.no-lost-update": "what it writes over is lost",
      "racing.crossed": "the same race over two rows",
      "comparing.altered": "`same` is compared as wrongly as any row",
      "comparing.crossed": "`same` is compared as wrongly as any row",
      "atomicity.nothing": "the row that should conflict does not",
      "round-trip.attempt": "the late change is let through",
    },
    spoil: (store) =>
      spoilCommits(store, (changes) =>
        untilSettled(store, changes, (row, current) =>
          typeof row.expect === "number" && current !== undefined ? { ...row, expect: current.version } : row,
        ),
      ),
  },
  {
    name: "makes a row that already exists",
    breaks: "racing.one-maker",
    also: {
      "absence.expected": "a row that exists is taken for absent",
      "comparing.absent": "absence is compared as wrongly by `same`",
    },
    spoil: (store) =>
      spoilCommits(store, (changes) =>
        untilSettled(store, changes, (row, current) =>
          row.expect === "absent" && current !== undefined ? { ...row, expect: current.version } : row,
        ),
      ),
  },
  {
    name: "does not compare the rows that are only compared",
    breaks: "comparing.altered",
    also: {
      "comparing.absent": "absence is not compared either",
      "comparing.crossed": "nothing keeps the other from writing",
    },
    spoil: (store) => spoilCommits(store, (changes) => store.commit(changes.map(withoutCompared))),
  },
  {
    name: "leaves the rows before the one that conflicts",
    breaks: "atomicity.nothing",
    also: { "comparing.altered": "the row before the compared one is left" },
    spoil: (store) =>
      spoilCommits(store, async (changes) => {
        const outcomes = await store.commit(changes);
        for (const [n, change] of changes.entries()) {
          if (outcomes[n]?.kind !== "conflict" || change.rows.length < 2) continue;
          await store.commit([{ ...change, rows: change.rows.slice(0, 1), notices: [], facts: [] }]);
        }
        return outcomes;
      }),
  },
  {
    name: "lets one conflict fail the whole call",
    breaks: "batches.independent",
    spoil: (store) =>
      spoilCommits(store, async (changes) => {
        if (changes.length < 2) return store.commit(changes);
        const keys = changes.flatMap(({ rows }) => rows.map(({ key }) => key));
        const snapshot = await store.read(keys);
        const conflicts = changes.some(({ rows }) =>
          rows.some(({ key, expect }) => expect !== (snapshot.get(key)?.version ?? "absent")),
        );
        return conflicts ? changes.map((): Outcome => ({ kind: "conflict" })) : store.commit(changes);
      }),
  },
  {
    name: "keeps the version when the text stays the same",
    breaks: "round-trip.version",
    also: {
      "round-trip.due-time": "its second value has the text of the first",
      "refs.replaced": "its second value has the text of the first",
    },
    spoil: (store) => {
      const hidden = new Map<string, number>();
      const shown = (row: Row): Row => ({ ...row, version: row.version - (hidden.get(rowKeyText(row.key)) ?? 0) });
      const real = (row: RowChange): RowChange =>
        typeof row.expect === "number" ? { ...row, expect: row.expect + (hidden.get(rowKeyText(row.key)) ?? 0) } : row;
      return spoilCommits(mapRows(store, shown), async (changes) => {
        const keys = changes.flatMap(({ rows }) => rows.map(({ key }) => key));
        const before = await store.read(keys);
        const outcomes = await store.commit(changes.map((one) => ({ ...one, rows: one.rows.map(real) })));
        for (const [n, { rows }] of changes.entries()) {
          if (outcomes[n]?.kind !== "committed") continue;
          for (const { key, next } of rows) {
            const text = rowKeyText(key);
            if (next === "gone") hidden.delete(text);
            else if (next !== "same" && next.value === before.get(key)?.value) {
              hidden.set(text, (hidden.get(text) ?? 0) + 1);
            }
          }
        }
        return outcomes;
      });
    },
  },
  {
    name: "keeps the attempt of the change that made the row",
    breaks: "round-trip.attempt",
    spoil: (store) => {
      const makers = new Map<string, string>();
      return {
        ...mapRows(store, (row) => {
          const text = rowKeyText(row.key);
          if (row.version === 1) makers.set(text, row.attempt);
          return { ...row, attempt: makers.get(text) ?? row.attempt };
        }),
        commit: async (changes) => {
          for (const { attempt, rows } of changes) {
            for (const { key, expect } of rows) if (expect === "absent") makers.set(rowKeyText(key), attempt);
          }
          return store.commit(changes);
        },
      };
    },
  },
  {
    name: "does not raise the cut-off",
    breaks: "cut-offs.own-position",
    also: {
      "cut-offs.made": "it is not raised on a new row either",
      "cut-offs.kept": "there is nothing to keep",
      "cut-offs.raised-again": "nor the second time",
    },
    spoil: (store) => spoilCommits(store, (changes) => store.commit(changes.map(withoutRaise))),
  },
  {
    name: "raises the cut-off to the position before the commit",
    breaks: "cut-offs.own-position",
    also: {
      "cut-offs.made": "the same on a new row",
      "cut-offs.kept": "what is kept is wrong already",
      "cut-offs.raised-again": "the same the second time",
    },
    spoil: (store) =>
      mapRows(store, (row) =>
        row.notBefore === null ? row : { ...row, notBefore: { ...row.notBefore, seq: row.notBefore.seq - 1 } },
      ),
  },
  {
    name: "forgets the cut-off when a later value does not raise",
    breaks: "cut-offs.kept",
    spoil: (store) => {
      const fallen = new Set<string>();
      return {
        ...mapRows(store, (row) =>
          fallen.has(rowKeyText(row.key)) ? { ...row, notBefore: null, raisedAt: null } : row,
        ),
        commit: (changes) => {
          for (const { key, next, raise } of changes.flatMap(({ rows }) => rows)) {
            if (raise === true) fallen.delete(rowKeyText(key));
            else if (next !== "same") fallen.add(rowKeyText(key));
          }
          return store.commit(changes);
        },
      };
    },
  },
];

function withoutCompared(change: Change): Change {
  const rows = change.rows.filter(({ next }) => next !== "same");
  const isEmpty = rows.length + change.notices.length + change.facts.length === 0;
  return isEmpty ? change : { ...change, rows };
}

function withoutRaise(change: Change): Change {
  return { ...change, rows: change.rows.map(({ key, expect, next }) => ({ key, expect, next })) };
}

/** Commits changes whose rows were rewritten to what stands there now, again and again, as if nothing was ever compared. */
async function untilSettled(
  store: Store,
  changes: readonly Change[],
  rewrite: (row: RowChange, current: Row | undefined) => RowChange,
): Promise<readonly Outcome[]> {
  for (;;) {
    const before = await store.read(changes.flatMap(({ rows }) => rows.map(({ key }) => key)));
    const rewritten = changes.map((change) => ({
      ...change,
      rows: change.rows.map((row) => rewrite(row, before.get(row.key))),
    }));
    const outcomes = await store.commit(rewritten);
    const now = await store.read(changes.flatMap(({ rows }) => rows.map(({ key }) => key)));
    const raced = rewritten.some(
      (change, n) =>
        outcomes[n]?.kind === "conflict" &&
        change.rows.some(({ key }) => now.get(key)?.version !== before.get(key)?.version),
    );
    if (!raced || changes.length > 1) return outcomes;
  }
}
