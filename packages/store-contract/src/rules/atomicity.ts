// A change is all or nothing, and nobody sees the half of it.

import { strict as assert } from "node:assert";
import { allNotices, factOf, HOME, headOf, keyOf, mustCommit, mustConflict, mustHave, put, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";
import { lookBeside } from "../turn.ts";

const group = "atomicity";
const a = keyOf(uuidOf(1));
const b = keyOf(uuidOf(2));

export const atomicity: readonly Rule[] = [
  {
    id: "atomicity.all",
    group,
    title: "sixteen rows, their notices and their facts are committed together",
    run: async ({ store, drafts }) => {
      const keys = Array.from({ length: 16 }, (_, n) => keyOf(uuidOf(n)));
      const rows = keys.map((key) => put(key, "absent", "new"));
      const notices = [drafts.notice(), drafts.notice()];
      const facts = [factOf("1"), factOf("2")];
      await mustCommit(store, drafts.change({ rows, notices, facts }));
      const snapshot = await store.read(keys);
      assert.ok(keys.every((key) => snapshot.get(key)?.value === "new"));
      assert.equal((await allNotices(store)).length, 2);
      assert.equal((await store.facts({ tenant: HOME, limit: 10 })).facts.length, 2);
    },
  },
  {
    id: "atomicity.nothing",
    group,
    title: "a change whose last row conflicts leaves no row, no notice and no fact behind",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(a, "absent", "old"), put(b, "absent", "old")] }));
      const rows = [put(a, 1, "new"), put(keyOf(uuidOf(3)), "absent", "new"), put(b, 7, "new")];
      await mustConflict(store, drafts.change({ rows, notices: [drafts.notice()], facts: [factOf("1")] }));
      const snapshot = await store.read([a, b, keyOf(uuidOf(3))]);
      assert.equal(mustHave(snapshot, a).value, "old");
      assert.equal(mustHave(snapshot, a).version, 1);
      assert.equal(snapshot.get(keyOf(uuidOf(3))), undefined);
      assert.deepEqual(await allNotices(store), []);
      assert.deepEqual((await store.facts({ tenant: HOME, limit: 10 })).facts, []);
      assert.deepEqual(await headOf(store), { epoch: 1, seq: 0 });
    },
  },
  {
    id: "atomicity.seen-whole",
    group,
    title: "readers beside a writer see both rows of a change or neither",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(a, "absent", "0"), put(b, "absent", "0")] }));
      const write = async (): Promise<void> => {
        for (let n = 1; n <= 50; n += 1) {
          await mustCommit(store, drafts.change({ rows: [put(a, n, String(n)), put(b, n, String(n))] }));
        }
      };
      const look = async (): Promise<void> => {
        const snapshot = await store.read([a, b]);
        assert.equal(mustHave(snapshot, a).value, mustHave(snapshot, b).value);
      };
      await lookBeside(write(), look);
    },
  },
];
