// Changes of concurrent requests share a call, and nothing else.

import { strict as assert } from "node:assert";
import type { Change } from "@hallpass/core";
import { allNotices, factOf, HOME, headOf, keyOf, mustCommit, put, rowAt, same, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "batches";
const row = keyOf(uuidOf(1));

export const batches: readonly Rule[] = [
  {
    id: "batches.none",
    group,
    title: "no changes have no outcomes",
    run: async ({ store }) => {
      assert.deepEqual(await store.commit([]), []);
    },
  },
  {
    id: "batches.independent",
    group,
    title: "outcomes stand in the order of the changes, and a conflict harms no neighbour",
    run: async ({ store, drafts }) => {
      const changes = Array.from({ length: 9 }, (_, n) =>
        drafts.change({
          rows: [put(keyOf(uuidOf(n)), n % 3 === 1 ? 5 : "absent", `${n}`)],
          notices: [drafts.notice()],
          facts: [factOf(`${n}`)],
        }),
      );
      const outcomes = await store.commit(changes);
      const expected = changes.map((_, n) => (n % 3 === 1 ? "conflict" : "committed"));
      assert.deepEqual(
        outcomes.map((outcome) => outcome.kind),
        expected,
      );
      const winners = changes.filter((_, n) => n % 3 !== 1);
      assert.deepEqual(
        (await allNotices(store)).map((notice) => notice.mark),
        winners.flatMap(({ notices }) => notices.map((notice) => notice.mark)),
      );
      assert.deepEqual(
        outcomes.flatMap((outcome) => (outcome.kind === "committed" ? [outcome.pos.seq] : [])),
        winners.map((_, n) => n + 1),
      );
      assert.equal((await store.facts({ tenant: HOME, limit: 20 })).facts.length, winners.length);
    },
  },
  {
    id: "batches.large",
    group,
    title: "two hundred and fifty-six changes go in one call",
    run: async ({ store, drafts }) => {
      const changes = Array.from({ length: 256 }, (_, n) =>
        drafts.change({ rows: [put(keyOf(uuidOf(n)), "absent", "a")] }),
      );
      const outcomes = await store.commit(changes);
      assert.equal(outcomes.filter(({ kind }) => kind === "committed").length, 256);
      assert.equal((await rowAt(store, keyOf(uuidOf(255))))?.value, "a");
    },
  },
  {
    id: "batches.defects",
    group,
    title: "what no store may take throws before anything of the call is written",
    run: async ({ store, drafts }) => {
      const many = Array.from({ length: 17 }, (_, n) => put(keyOf(uuidOf(100 + n)), "absent", "a"));
      const raised = put(row, "absent", "a", { raise: true });
      const defects: Readonly<Record<string, readonly Change[]>> = {
        "more than sixteen rows": [drafts.change({ rows: many })],
        "a row twice": [drafts.change({ rows: [put(row, "absent", "a"), same(row, "absent")] })],
        "nothing at all": [drafts.change({})],
        "raised without a notice": [drafts.change({ rows: [raised] })],
        "raised without a value": [
          drafts.change({ rows: [{ ...same(row, "absent"), raise: true }], notices: [drafts.notice()] }),
        ],
        "an id of no bytes": [drafts.change({ rows: [put(keyOf(""), "absent", "a")] })],
        "an id of 513 bytes": [drafts.change({ rows: [put(keyOf("x".repeat(513)), "absent", "a")] })],
        "a fact over 4 KiB": [drafts.change({ facts: [factOf("x".repeat(4097))] })],
        "two changes of one row": [
          drafts.change({ rows: [put(row, "absent", "a")] }),
          drafts.change({ rows: [same(row, "absent")] }),
        ],
      };
      const good = drafts.change({ rows: [put(keyOf("neighbour"), "absent", "a")], notices: [drafts.notice()] });
      for (const [name, changes] of Object.entries(defects)) {
        await assert.rejects(store.commit([good, ...changes]), name);
      }
      assert.equal(await rowAt(store, keyOf("neighbour")), undefined);
      assert.deepEqual(await headOf(store), { epoch: 1, seq: 0 });
      await mustCommit(store, good);
    },
  },
];
