// A cut-off is the position of the commit that raised it, and is only ever raised.

import { strict as assert } from "node:assert";
import { allNotices, keyOf, mustCommit, put, rowAt, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "cut-offs";
const key = keyOf("ada", "subject");

export const cutOffs: readonly Rule[] = [
  {
    id: "cut-offs.own-position",
    group,
    title: "raising stamps the position of the change's own last notice and the time of its commit",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "a")], notices: [drafts.notice()] }));
      const rows = [put(key, 1, "b", { raise: true })];
      const notices = [drafts.notice(), drafts.notice()];
      const { pos, at } = await mustCommit(store, drafts.change({ rows, notices }));
      const row = await rowAt(store, key);
      assert.deepEqual(row?.notBefore, pos);
      assert.equal(row?.raisedAt, at);
      assert.deepEqual((await allNotices(store)).at(-1)?.pos, pos);
    },
  },
  {
    id: "cut-offs.made",
    group,
    title: "a row can be made with its cut-off raised",
    run: async ({ store, drafts }) => {
      const rows = [put(key, "absent", "a", { raise: true })];
      const { pos, at } = await mustCommit(store, drafts.change({ rows, notices: [drafts.notice()] }));
      const row = await rowAt(store, key);
      assert.deepEqual([row?.notBefore, row?.raisedAt], [pos, at]);
    },
  },
  {
    id: "cut-offs.kept",
    group,
    title: "a later value that does not raise keeps the cut-off and its time, also beside other notices",
    run: async ({ store, drafts }) => {
      const rows = [put(key, "absent", "a", { raise: true })];
      const { pos, at } = await mustCommit(store, drafts.change({ rows, notices: [drafts.notice()] }));
      await mustCommit(store, drafts.change({ rows: [put(key, 1, "b")], notices: [drafts.notice()] }));
      const row = await rowAt(store, key);
      assert.deepEqual([row?.notBefore, row?.raisedAt], [pos, at]);
    },
  },
  {
    id: "cut-offs.raised-again",
    group,
    title: "raising again moves the cut-off up to the newer commit",
    run: async ({ store, drafts }) => {
      const first = [put(key, "absent", "a", { raise: true })];
      await mustCommit(store, drafts.change({ rows: first, notices: [drafts.notice()] }));
      const second = [put(key, 1, "b", { raise: true })];
      const { pos, at } = await mustCommit(store, drafts.change({ rows: second, notices: [drafts.notice()] }));
      const row = await rowAt(store, key);
      assert.deepEqual([row?.notBefore, row?.raisedAt], [pos, at]);
    },
  },
  {
    id: "cut-offs.only-asked",
    group,
    title: "other rows of the same change are not raised",
    run: async ({ store, drafts }) => {
      const other = keyOf(uuidOf(1));
      const rows = [put(other, "absent", "a"), put(key, "absent", "a", { raise: true })];
      await mustCommit(store, drafts.change({ rows, notices: [drafts.notice()] }));
      assert.equal((await rowAt(store, other))?.notBefore, null);
    },
  },
];
