// Lists are ordered by id, byte by byte, and can be read page by page.

import { strict as assert } from "node:assert";
import { HOME, keyOf, mustCommit, put, uuidOf } from "../drafts.ts";
import type { Rule, RuleContext } from "../rule.ts";

const group = "lists";
/** In order of UTF-8, where the last stands after the one before it, though not in UTF-16. */
const IDS: readonly string[] = [
  "00000000-0000-0000-0000-000000000000",
  "0190a7c2",
  "0190a7c2-5e1f-7abc-8def-000000000001",
  "0190a7c2-5e1f-7abc-8def-000000000001x",
  "0190a7c2-5e1f-7abc-8def-000000000002",
  "0190a7c2-5e1f-7abc-8deg",
  "0190a7c2-5e1f-7abc-8fff-000000000000",
  "0190a7c2.5e1f",
  "1",
  "A",
  "AAAAAAAAAAA",
  "BAAAAAAAAAA",
  "_AAAAAAAAAA",
  "a",
  "aa",
  "b",
  "ffffffff-ffff-7fff-bfff-ffffffffffff",
  "g",
  "é",
  "\ufb01",
  "\u{1f3ab}",
];

export const lists: readonly Rule[] = [
  {
    id: "lists.order",
    group,
    title: "rows of a kind come in the order of their ids in code units of UTF-8, whatever the ids look like",
    run: async (context) => {
      await fill(context);
      assert.deepEqual(await page(context, undefined, 100), IDS);
    },
  },
  {
    id: "lists.pages",
    group,
    title: "pages of any size, each after the last id of the one before, hold every row exactly once",
    run: async (context) => {
      await fill(context);
      for (const limit of [1, 3, 7]) {
        const seen: string[] = [];
        for (let after: string | undefined; ; after = seen.at(-1)) {
          const ids = await page(context, after, limit);
          assert.ok(ids.length <= limit);
          if (ids.length === 0) break;
          seen.push(...ids);
        }
        assert.deepEqual(seen, IDS);
      }
    },
  },
  {
    id: "lists.after",
    group,
    title: "a page starts after any text, also one that is no row's id",
    run: async (context) => {
      await fill(context);
      for (const after of [
        "",
        "0",
        "0190a7c2-5",
        "0190a7c2-5e1f-7abc-8def-000000000001w",
        "0190a7c2-x",
        "c",
        "zz",
        "ﬀ",
      ]) {
        const expected = IDS.filter((id) => Buffer.compare(Buffer.from(id), Buffer.from(after)) > 0);
        assert.deepEqual(await page(context, after, 100), expected, `after ${after}`);
      }
    },
  },
  {
    id: "lists.whole-rows",
    group,
    title: "a listed row is the row that a read gives, and other kinds are not listed",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      const rows = [put(key, "absent", "a", { raise: true, refs: [keyOf("ada", "subject")] })];
      await mustCommit(store, drafts.change({ rows, notices: [drafts.notice()] }));
      await mustCommit(store, drafts.change({ rows: [put(keyOf("web", "client"), "absent", "c")] }));
      const listed = await store.list({ tenant: HOME, kind: "session", limit: 10 });
      assert.deepEqual(listed, [(await store.read([key])).get(key)]);
    },
  },
];

async function fill({ store, drafts }: RuleContext): Promise<void> {
  for (const id of IDS.toReversed()) {
    await mustCommit(store, drafts.change({ rows: [put(keyOf(id), "absent", id)] }));
  }
}

async function page({ store }: RuleContext, after: string | undefined, limit: number): Promise<readonly string[]> {
  const query = { tenant: HOME, kind: "session", limit } as const;
  const rows = await store.list(after === undefined ? query : { ...query, after });
  return rows.map((row) => row.key.id);
}
