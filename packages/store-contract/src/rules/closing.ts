// A closed store answers nothing, and closing waits for what it had accepted.

import { strict as assert } from "node:assert";
import { Fault, instantOf } from "@hallpass/core";
import { commitOne, HOME, keyOf, put, START, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "closing";

export const closing: readonly Rule[] = [
  {
    id: "closing.refuses",
    group,
    title: "after it was closed, every call rejects with a Fault, and closing again is no fault",
    run: async ({ store, drafts }) => {
      await store.close();
      await store.close();
      const calls: readonly (() => Promise<unknown>)[] = [
        async () => store.read([]),
        () => store.commit([drafts.change({ notices: [drafts.notice()] })]),
        () => store.notices({ tenant: HOME, after: START, upTo: START, limit: 1 }),
        () => store.markAt(START),
        () => store.facts({ tenant: HOME, limit: 1 }),
        () => store.list({ tenant: HOME, kind: "session", limit: 1 }),
        () => store.due({ kind: "session", by: instantOf(1), limit: 1 }),
        () => store.drop({ horizon: instantOf(1), factsBefore: instantOf(1), limit: 1 }),
      ];
      for (const call of calls) await assert.rejects(call(), Fault);
    },
  },
  {
    id: "closing.waits",
    group,
    title: "what was accepted before the store was closed is answered",
    run: async ({ store, drafts }) => {
      const commits = Array.from({ length: 20 }, (_, n) =>
        commitOne(store, drafts.change({ rows: [put(keyOf(uuidOf(n)), "absent", "a")] })),
      );
      const closed = store.close();
      const outcomes = await Promise.all(commits);
      await closed;
      assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(["committed"]));
    },
  },
];
