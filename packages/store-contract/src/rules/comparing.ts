// `same` compares a row and keeps others from changing it in between.

import { strict as assert } from "node:assert";
import { commitOne, keyOf, mustCommit, mustConflict, put, rowAt, same, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "comparing";
const guard = keyOf("guard", "lease");
const row = keyOf(uuidOf(1));

export const comparing: readonly Rule[] = [
  {
    id: "comparing.unchanged",
    group,
    title: "a row that is only compared stays as it is: value, version, attempt",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(guard, "absent", "1")] }));
      const before = await rowAt(store, guard);
      await mustCommit(store, drafts.change({ rows: [same(guard, 1), put(row, "absent", "a")] }));
      await mustCommit(store, drafts.change({ rows: [same(guard, 1)] }));
      assert.deepEqual(await rowAt(store, guard), before);
    },
  },
  {
    id: "comparing.altered",
    group,
    title: "a compared row that another change altered conflicts, and nothing is written",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(guard, "absent", "1")] }));
      await mustCommit(store, drafts.change({ rows: [put(guard, 1, "2")] }));
      await mustConflict(store, drafts.change({ rows: [put(row, "absent", "a"), same(guard, 1)] }));
      assert.equal(await rowAt(store, row), undefined);
    },
  },
  {
    id: "comparing.absent",
    group,
    title: "absence is compared too",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [same(guard, "absent"), put(row, "absent", "a")] }));
      await mustCommit(store, drafts.change({ rows: [put(guard, "absent", "1")] }));
      await mustConflict(store, drafts.change({ rows: [same(guard, "absent"), put(row, 1, "b")] }));
      assert.equal((await rowAt(store, row))?.value, "a");
    },
  },
  {
    id: "comparing.crossed",
    group,
    title: "of two parallel changes that each write what the other compares, at most one is committed",
    run: async ({ store, drafts }) => {
      for (let round = 0; round < 20; round += 1) {
        const one = keyOf(uuidOf(2 * round));
        const two = keyOf(uuidOf(2 * round + 1));
        await mustCommit(store, drafts.change({ rows: [put(one, "absent", "0"), put(two, "absent", "0")] }));
        const outcomes = await Promise.all([
          commitOne(store, drafts.change({ rows: [put(one, 1, "1"), same(two, 1)] })),
          commitOne(store, drafts.change({ rows: [put(two, 1, "1"), same(one, 1)] })),
        ]);
        assert.ok(outcomes.filter((outcome) => outcome.kind === "committed").length <= 1);
      }
    },
  },
  {
    id: "comparing.shared",
    group,
    title: "many changes of one call may compare the same row",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(guard, "absent", "1")] }));
      const changes = Array.from({ length: 8 }, (_, n) =>
        drafts.change({ rows: [same(guard, 1), put(keyOf(uuidOf(n)), "absent", "a")] }),
      );
      const outcomes = await store.commit(changes);
      assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(["committed"]));
    },
  },
];
