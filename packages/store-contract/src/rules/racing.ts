// Many at once: a version has one successor, however many clients race for it.

import { strict as assert } from "node:assert";
import type { Outcome } from "@hallpass/core";
import { commitOne, gone, keyOf, mustCommit, mustConflict, mustHave, put, rowAt, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "racing";
const RACERS = 64;
const key = keyOf(uuidOf(1));

export const racing: readonly Rule[] = [
  {
    id: "racing.stale",
    group,
    title: "a change that expects an earlier or a later version conflicts",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "a")] }));
      await mustCommit(store, drafts.change({ rows: [put(key, 1, "b")] }));
      await mustConflict(store, drafts.change({ rows: [put(key, 1, "c")] }));
      await mustConflict(store, drafts.change({ rows: [put(key, 3, "c")] }));
      await mustConflict(store, drafts.change({ rows: [gone(key, 1)] }));
      assert.equal((await rowAt(store, key))?.value, "b");
    },
  },
  {
    id: "racing.one-winner",
    group,
    title: "of sixty-four parallel changes of one version exactly one is committed, and its value stands",
    run: async ({ store, drafts }) => {
      // One that refers to nothing, and one whose references stay as they are, which a store may leave unwritten.
      for (const [of, refs] of [
        [key, []],
        [keyOf("referring"), [key]],
      ] as const) {
        await mustCommit(store, drafts.change({ rows: [put(of, "absent", "before", { refs })] }));
        await store.read([of]);
        const outcomes = await race((n) =>
          commitOne(store, drafts.change({ rows: [put(of, 1, `racer ${n}`, { refs })] })),
        );
        const winner = onlyWinner(outcomes);
        const row = await rowAt(store, of);
        assert.equal(row?.value, `racer ${winner}`);
        assert.equal(row.version, 2);
      }
    },
  },
  {
    id: "racing.one-maker",
    group,
    title: "of sixty-four parallel changes that make a row exactly one is committed",
    run: async ({ store, drafts }) => {
      const outcomes = await race((n) => commitOne(store, drafts.change({ rows: [put(key, "absent", `racer ${n}`)] })));
      const winner = onlyWinner(outcomes);
      assert.equal((await rowAt(store, key))?.value, `racer ${winner}`);
    },
  },
  {
    id: "racing.no-lost-update",
    group,
    title: "sixty-four clients that count up one row and retry on conflict lose no count",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "0")] }));
      const countUp = async (): Promise<void> => {
        for (;;) {
          const row = mustHave(await store.read([key]), key);
          const next = put(key, row.version, String(Number(row.value) + 1));
          const outcome = await commitOne(store, drafts.change({ rows: [next] }));
          if (outcome.kind === "committed") return;
          assert.equal(outcome.kind, "conflict");
        }
      };
      await race(countUp);
      const row = await rowAt(store, key);
      assert.equal(row?.value, String(RACERS));
      assert.equal(row.version, RACERS + 1);
    },
  },
  {
    id: "racing.crossed",
    group,
    title: "changes that name two rows in opposite order never block one another: each is committed or conflicts",
    run: async ({ store, drafts }) => {
      const other = keyOf(uuidOf(2));
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "0"), put(other, "absent", "0")] }));
      const outcomes = await race((n) => {
        const rows = [put(key, 1, `${n}`), put(other, 1, `${n}`)];
        return commitOne(store, drafts.change({ rows: n % 2 === 0 ? rows : rows.toReversed() }));
      });
      const winner = onlyWinner(outcomes);
      const snapshot = await store.read([key, other]);
      assert.equal(snapshot.get(key)?.value, `${winner}`);
      assert.equal(snapshot.get(other)?.value, `${winner}`);
    },
  },
];

function race<T>(run: (n: number) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: RACERS }, (_, n) => run(n)));
}

function onlyWinner(outcomes: readonly Outcome[]): number {
  const kinds = outcomes.map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === "committed").length, 1);
  assert.equal(kinds.filter((kind) => kind === "conflict").length, RACERS - 1);
  return kinds.indexOf("committed");
}
