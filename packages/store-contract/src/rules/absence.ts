// What does not exist is undefined; what was not asked for is a defect.

import { strict as assert } from "node:assert";
import { allNotices, gone, HOME, keyOf, mustCommit, mustConflict, put, rowAt, START, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "absence";
const MARK = /^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$/;

export const absence: readonly Rule[] = [
  {
    id: "absence.empty",
    group,
    title: "an empty store stands at 1.0 with a mark, and has no rows, notices, facts or anything dropped",
    run: async ({ store }) => {
      const { head } = await store.read([]);
      assert.deepEqual(head.pos, START);
      assert.match(head.mark, MARK);
      assert.equal(await rowAt(store, keyOf(uuidOf(1))), undefined);
      assert.deepEqual(await allNotices(store), []);
      assert.deepEqual(await store.facts({ tenant: HOME, limit: 10 }), { facts: [], more: false });
      assert.deepEqual(await store.list({ tenant: HOME, kind: "session", limit: 10 }), []);
      const { dropped } = await store.notices({ tenant: HOME, after: START, upTo: START, limit: 1 });
      assert.deepEqual(dropped, { seq: 0, horizon: 0 });
    },
  },
  {
    id: "absence.gone",
    group,
    title: "a removed row is absent, and can be made again from version 1 without its old cut-off",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      const raised = put(key, "absent", "a", { raise: true });
      await mustCommit(store, drafts.change({ rows: [raised], notices: [drafts.notice()] }));
      await mustCommit(store, drafts.change({ rows: [gone(key, 1)] }));
      assert.equal(await rowAt(store, key), undefined);
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "b")] }));
      const row = await rowAt(store, key);
      assert.equal(row?.version, 1);
      assert.equal(row?.notBefore, null);
      assert.equal(row?.raisedAt, null);
    },
  },
  {
    id: "absence.expected",
    group,
    title: "a row that exists is not absent, and a row that is absent has no version",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      await mustConflict(store, drafts.change({ rows: [put(key, 1, "a")] }));
      await mustConflict(store, drafts.change({ rows: [gone(key, 1)] }));
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "a")] }));
      await mustConflict(store, drafts.change({ rows: [put(key, "absent", "b")] }));
      assert.equal((await rowAt(store, key))?.value, "a");
    },
  },
  {
    id: "absence.not-asked",
    group,
    title: "a snapshot says what it covers, and throws when it is asked for anything else",
    run: async ({ store }) => {
      const asked = keyOf(uuidOf(1));
      const other = keyOf(uuidOf(2));
      const snapshot = await store.read([asked]);
      assert.equal(snapshot.has(asked), true);
      assert.equal(snapshot.get(asked), undefined);
      assert.equal(snapshot.has(other), false);
      assert.throws(() => snapshot.get(other));
    },
  },
];
