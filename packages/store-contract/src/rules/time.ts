// Boundaries of time: how long a notice lives, and when a row is due.

import { strict as assert } from "node:assert";
import { afterMs, type Instant, instantOf } from "@hallpass/core";
import { AWAY, allNotices, gone, keyOf, mustCommit, put, uuidOf } from "../drafts.ts";
import type { Rule, RuleContext } from "../rule.ts";

const group = "boundaries of time";
const AT = instantOf(1_800_000_000_000);

export const time: readonly Rule[] = [
  {
    id: "time.lives",
    group,
    title: "a notice lives until its commit plus the milliseconds it was given",
    run: async ({ store, drafts }) => {
      const { at } = await mustCommit(store, drafts.change({ notices: [drafts.notice({ livesMs: 12_345 })] }));
      assert.equal((await allNotices(store))[0]?.until, at + 12_345);
    },
  },
  {
    id: "time.lives-at-least",
    group,
    title: "a notice lives at least until the instant it was given, and no shorter when that is already past",
    run: async ({ store, drafts }) => {
      const liveUntil = afterMs((await store.read([])).clock, 86_400_000);
      const long = drafts.notice({ livesMs: 1000, liveUntil });
      const short = drafts.notice({ livesMs: 1000, liveUntil: instantOf(1) });
      const { at } = await mustCommit(store, drafts.change({ notices: [long, short] }));
      const kept = await allNotices(store);
      assert.deepEqual(
        kept.map((notice) => notice.until),
        [liveUntil, at + 1000],
      );
    },
  },
  {
    id: "time.due",
    group,
    title: "a row is due at the instant it expires: not a millisecond before, and ever after",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(keyOf(uuidOf(1)), "absent", "a", { expires: AT })] }));
      assert.deepEqual(await dueAt(store, afterMs(AT, -1)), []);
      assert.deepEqual(await dueAt(store, AT), [uuidOf(1)]);
      assert.deepEqual(await dueAt(store, afterMs(AT, 1)), [uuidOf(1)]);
    },
  },
  {
    id: "time.due-soonest",
    group,
    title: "what is due comes soonest first, of every tenant, of the kind that was asked for, at most the limit",
    run: async ({ store, drafts }) => {
      const rows = [
        put(keyOf(uuidOf(3)), "absent", "c", { expires: instantOf(3000) }),
        put(keyOf("first", "session", AWAY), "absent", "a", { expires: instantOf(1000) }),
        put(keyOf("never"), "absent", "n"),
        put(keyOf(uuidOf(2)), "absent", "b", { expires: instantOf(2000) }),
        put(keyOf("other", "idempotency"), "absent", "o", { expires: instantOf(500) }),
      ];
      await mustCommit(store, drafts.change({ rows }));
      const keys = await store.due({ kind: "session", by: AT, limit: 10 });
      assert.deepEqual(keys, [keyOf("first", "session", AWAY), keyOf(uuidOf(2)), keyOf(uuidOf(3))]);
      const two = await store.due({ kind: "session", by: AT, limit: 2 });
      assert.deepEqual(two, keys.slice(0, 2));
    },
  },
  {
    id: "time.due-moved",
    group,
    title: "a row that got a later due time, none, or was removed is no longer due at the earlier one",
    run: async ({ store, drafts }) => {
      const keys = [1, 2, 3].map((n) => keyOf(uuidOf(n)));
      const [later, never, removed] = keys;
      assert.ok(later !== undefined && never !== undefined && removed !== undefined);
      await mustCommit(store, drafts.change({ rows: keys.map((key) => put(key, "absent", "a", { expires: AT })) }));
      const moved = put(later, 1, "b", { expires: afterMs(AT, 1) });
      await mustCommit(store, drafts.change({ rows: [moved, put(never, 1, "b"), gone(removed, 1)] }));
      assert.deepEqual(await dueAt(store, AT), []);
      assert.deepEqual(await dueAt(store, afterMs(AT, 1)), [later.id]);
    },
  },
];

async function dueAt(store: RuleContext["store"], by: Instant): Promise<readonly string[]> {
  const keys = await store.due({ kind: "session", by, limit: 10 });
  return keys.map((key) => key.id);
}
