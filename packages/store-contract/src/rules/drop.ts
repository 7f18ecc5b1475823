// Forgetting follows a horizon, never touches what lives, and says what it did.

import { strict as assert } from "node:assert";
import { afterMs, type Instant, instantOf, type Store } from "@hallpass/core";
import { AWAY, allNotices, END, factOf, HOME, headOf, keyOf, mustCommit, put, START, uuidOf } from "../drafts.ts";
import type { Rule, RuleContext } from "../rule.ts";

const group = "drop";
const NO_FACTS = instantOf(0);
const LIVES_MS = 60_000;

export const drop: readonly Rule[] = [
  {
    id: "drop.live",
    group,
    title: "a notice is dropped by a horizon at its end or after it, and never by one a millisecond before",
    run: async ({ store, drafts }) => {
      const until = await oneNotice({ store, drafts });
      await dropAll(store, afterMs(until, -1));
      assert.equal((await allNotices(store)).length, 1);
      await dropAll(store, until);
      assert.equal((await allNotices(store)).length, 0);
    },
  },
  {
    id: "drop.reported",
    group,
    title:
      "what was ever dropped is told with every page: the largest seq, and a horizon that no dropped notice outlives",
    run: async ({ store, drafts }) => {
      const long = drafts.notice({ livesMs: 3 * LIVES_MS });
      const short = drafts.notice({ livesMs: LIVES_MS });
      const { at } = await mustCommit(store, drafts.change({ notices: [short, long, short] }));
      const horizon = afterMs(at, 2 * LIVES_MS);
      await dropAll(store, afterMs(at, LIVES_MS - 1));
      assert.deepEqual(await dropped(store), { seq: 0, horizon: 0 }, "nothing is over yet");
      await dropAll(store, horizon);
      const first = await dropped(store);
      assert.equal(first.seq, 3);
      assert.ok(at + LIVES_MS <= first.horizon && first.horizon <= horizon);
      const later = afterMs(at, 4 * LIVES_MS);
      await dropAll(store, later);
      const second = await dropped(store);
      assert.equal(second.seq, 3, "the largest ever, though the notice dropped last was smaller");
      assert.ok(at + 3 * LIVES_MS <= second.horizon && second.horizon <= later);
    },
  },
  {
    id: "drop.of-any-tenant",
    group,
    title: "what was dropped of one tenant is told to every tenant",
    run: async ({ store, drafts }) => {
      const notices = [drafts.notice({ tenant: AWAY, livesMs: LIVES_MS })];
      const { at } = await mustCommit(store, drafts.change({ notices }));
      await dropAll(store, afterMs(at, LIVES_MS));
      const page = await store.notices({ tenant: HOME, after: START, upTo: END, limit: 10 });
      assert.equal(page.dropped.seq, 1);
    },
  },
  {
    id: "drop.head",
    group,
    title: "the head keeps its position and its mark when its notice is dropped, and the next position follows it",
    run: async ({ store, drafts }) => {
      const until = await oneNotice({ store, drafts });
      const before = (await store.read([])).head;
      await dropAll(store, until);
      assert.deepEqual((await store.read([])).head, before);
      assert.equal(await store.markAt(before.pos), undefined, "a mark goes with its notice");
      await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      assert.deepEqual(await headOf(store), { epoch: 1, seq: 2 });
    },
  },
  {
    id: "drop.steps",
    group,
    title: "a step drops at most its limit of each and says whether more is left",
    run: async ({ store, drafts }) => {
      const notices = Array.from({ length: 5 }, () => drafts.notice({ livesMs: LIVES_MS }));
      const facts = Array.from({ length: 3 }, (_, n) => factOf(`${n}`, { at: instantOf(1000) }));
      const { at } = await mustCommit(store, drafts.change({ notices, facts }));
      const bounds = { horizon: afterMs(at, LIVES_MS), factsBefore: instantOf(1001), limit: 2 };
      const left: (readonly [number, number, boolean])[] = [];
      for (let step = 0; step < 3; step += 1) {
        const { more } = await store.drop(bounds);
        const page = await store.facts({ tenant: HOME, limit: 10 });
        left.push([(await allNotices(store)).length, page.facts.length, more]);
      }
      assert.deepEqual(left, [
        [3, 1, true],
        [1, 0, true],
        [0, 0, false],
      ]);
    },
  },
  {
    id: "drop.facts",
    group,
    title: "facts older than the bound are dropped, one at the bound stays, and cursors go on",
    run: async ({ store, drafts }) => {
      const bound = instantOf(5000);
      const at = (ms: number): Instant => instantOf(ms);
      const facts = [factOf("at", { at: bound }), factOf("old", { at: at(4999) }), factOf("after", { at: at(5001) })];
      for (const fact of facts) await mustCommit(store, drafts.change({ facts: [fact] }));
      const before = await store.facts({ tenant: HOME, limit: 2 });
      const cursor = before.facts[1]?.cursor;
      assert.ok(cursor !== undefined);
      assert.deepEqual(await store.drop({ horizon: instantOf(0), factsBefore: bound, limit: 10 }), { more: false });
      const bodies = async (query: { readonly after?: string }): Promise<readonly string[]> =>
        (await store.facts({ tenant: HOME, limit: 10, ...query })).facts.map((fact) => fact.body);
      assert.deepEqual(await bodies({}), ["at", "after"]);
      assert.deepEqual(await bodies({ after: cursor }), ["after"]);
    },
  },
  {
    id: "drop.kind",
    group,
    title: "of a kind with bounds of its own the facts between them are dropped, and none of another kind",
    run: async ({ store, drafts }) => {
      const kinds = ["token_refreshed", "session_opened"] as const;
      const times = [999, 1000, 1999, 2000];
      const facts = times.flatMap((at) => kinds.map((kind) => factOf(`${kind} ${at}`, { kind, at: instantOf(at) })));
      await mustCommit(store, drafts.change({ facts }));
      const factsOf = [
        { kind: "token_refreshed", from: instantOf(1000), before: instantOf(2000) },
        { kind: "never_seen", from: instantOf(0), before: instantOf(9000) },
      ];
      while ((await store.drop({ horizon: instantOf(0), factsBefore: NO_FACTS, factsOf, limit: 1 })).more);
      const left = (await store.facts({ tenant: HOME, limit: 10 })).facts.map((fact) => fact.body);
      const opened = times.map((at) => `session_opened ${at}`);
      assert.deepEqual(left.toSorted(), [...opened, "token_refreshed 2000", "token_refreshed 999"].toSorted());
    },
  },
  {
    id: "drop.cursor-of-emptied",
    group,
    title: "a cursor from before everything was dropped still comes before what is appended later",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ facts: [factOf("1"), factOf("2")] }));
      const after = (await store.facts({ tenant: HOME, limit: 10 })).facts[1]?.cursor;
      assert.ok(after !== undefined);
      await store.drop({ horizon: instantOf(0), factsBefore: instantOf(Number.MAX_SAFE_INTEGER), limit: 10 });
      await mustCommit(store, drafts.change({ facts: [factOf("3")] }));
      const { facts } = await store.facts({ tenant: HOME, limit: 10, after });
      assert.deepEqual(
        facts.map((fact) => fact.body),
        ["3"],
      );
    },
  },
  {
    id: "drop.fenced",
    group,
    title: "with a fence nothing is dropped unless that row has that version, and it is said so",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      const facts = [factOf("old", { kind: "token_refreshed", at: instantOf(1000) })];
      const rows = [put(key, "absent", "a")];
      const notices = [drafts.notice({ livesMs: LIVES_MS })];
      const { at } = await mustCommit(store, drafts.change({ rows, facts, notices }));
      const factsOf = [{ kind: "token_refreshed", from: instantOf(0), before: instantOf(2000) }];
      const bounds = { horizon: afterMs(at, LIVES_MS), factsBefore: instantOf(1001), factsOf, limit: 10 };
      const left = async (): Promise<readonly number[]> => [
        (await allNotices(store)).length,
        (await store.facts({ tenant: HOME, limit: 10 })).facts.length,
      ];
      const others = [
        { key, version: 2 },
        { key: keyOf(uuidOf(2)), version: 1 },
        { key: { ...key, tenant: AWAY }, version: 1 },
        { key: { ...key, kind: "client" as const }, version: 1 },
      ];
      for (const fence of others) {
        assert.deepEqual(await store.drop({ ...bounds, fence }), { more: false, fenced: true });
        assert.deepEqual(await left(), [1, 1]);
      }
      assert.deepEqual(await store.drop({ ...bounds, fence: { key, version: 1 } }), { more: false });
      assert.deepEqual(await left(), [0, 0]);
      await mustCommit(store, drafts.change({ rows: [put(key, 1, "b")] }));
      assert.deepEqual(await store.drop({ ...bounds, fence: { key, version: 1 } }), { more: false, fenced: true });
    },
  },
  {
    id: "drop.beside-commits",
    group,
    title: "drops and commits that run at the same time are all answered, and none is lost",
    run: async ({ store, drafts }) => {
      const bounds = { horizon: instantOf(1), factsBefore: instantOf(0), limit: 10 };
      const commits = Array.from({ length: 32 }, () =>
        mustCommit(store, drafts.change({ notices: [drafts.notice()] })),
      );
      const drops = Array.from({ length: 8 }, () => store.drop(bounds));
      const more = Array.from({ length: 8 }, async () => {
        await store.drop(bounds);
        await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      });
      await Promise.all([...commits, ...drops, ...more]);
      assert.equal((await allNotices(store)).length, 40);
    },
  },
];

async function oneNotice({ store, drafts }: Pick<RuleContext, "store" | "drafts">): Promise<Instant> {
  const { at } = await mustCommit(store, drafts.change({ notices: [drafts.notice({ livesMs: LIVES_MS })] }));
  return afterMs(at, LIVES_MS);
}

async function dropAll(store: Store, horizon: Instant): Promise<void> {
  while ((await store.drop({ horizon, factsBefore: NO_FACTS, limit: 100 })).more);
}

async function dropped(store: Store): Promise<{ readonly seq: number; readonly horizon: Instant }> {
  return (await store.notices({ tenant: HOME, after: START, upTo: START, limit: 1 })).dropped;
}
