// What was answered survives what the store says it survives. Nothing here pulls a plug: that a power cut is survived
// rests on the store's own word about its flushes.

import { strict as assert } from "node:assert";
import type { Row, RowChange, RowKey, Store, StoreTraits } from "@hallpass/core";
import { afterMs, instantOf } from "@hallpass/core";
import {
  AWAY,
  allNotices,
  END,
  factOf,
  gone,
  HOME,
  keyOf,
  mustCommit,
  mustConflict,
  put,
  rowAt,
  START,
  sessionOf,
  uuidOf,
} from "../drafts.ts";
import { type Acknowledged, runUntilKilled } from "../kill/run-until-killed.ts";
import type { Rule, RuleContext } from "../rule.ts";

const group = "durability";
const survivesExit = ({ durability }: StoreTraits): boolean => durability !== "none";

export const durability: readonly Rule[] = [
  {
    id: "durability.reopened",
    group,
    title: "a store that is closed and opened again has every row, ref, notice, fact, mark, and what was dropped",
    promisedBy: survivesExit,
    run: async (context) => {
      const { store, drafts } = context;
      const subject = keyOf("ada", "subject");
      const session = keyOf(uuidOf(1));
      const notices = [drafts.notice({ livesMs: 1 }), drafts.notice()];
      const rows = [
        put(session, "absent", "s", { refs: [subject], expires: instantOf(99) }),
        put(subject, "absent", "u", { raise: true }),
      ];
      const { at } = await mustCommit(store, drafts.change({ rows, notices, facts: [factOf("1"), factOf("2")] }));
      await store.drop({ horizon: afterMs(at, 1), factsBefore: instantOf(0), limit: 10 });
      const before = await everythingIn(store);
      await store.close();
      const again = await reopened(context);
      try {
        assert.deepEqual(await everythingIn(again), before);
        const { pos } = await mustCommit(again, drafts.change({ notices: [drafts.notice()] }));
        assert.deepEqual(pos, { epoch: 1, seq: 3 });
      } finally {
        await again.close();
      }

      async function everythingIn(from: Store): Promise<unknown> {
        const snapshot = await from.read([session]);
        return [
          snapshot.head,
          snapshot.get(session),
          snapshot.get(subject),
          await from.notices({ tenant: HOME, after: START, upTo: END, limit: 10 }),
          await from.markAt(START),
          await from.facts({ tenant: HOME, limit: 10 }),
          await from.due({ kind: "session", by: instantOf(99), limit: 10 }),
        ];
      }
    },
  },
  {
    id: "durability.apart",
    group,
    title: "a store that is closed and opened again tells tenants, kinds and ids apart as before",
    promisedBy: survivesExit,
    run: async (context) => {
      const { store, drafts } = context;
      const session = sessionOf(1);
      const keys = [
        keyOf(uuidOf(1)),
        keyOf(uuidOf(1), "session", AWAY),
        keyOf(uuidOf(1), "revoked_token"),
        keyOf("1", "session"),
        keyOf(uuidOf(2)),
      ];
      // Raised by a change each, so that whatever belongs to a row is another in each.
      for (const [n, key] of keys.entries()) {
        const [refs, expires] = [[keys.at(n - 1) ?? key], instantOf(n + 1)];
        const rows = [put(key, "absent", `value ${n}`, { refs, expires, raise: true })];
        const { tenant } = key;
        const facts = [factOf(`fact ${n}`, { tenant, session: n % 2 === 0 ? session : null })];
        await mustCommit(store, drafts.change({ rows, notices: [drafts.notice({ tenant })], facts }));
      }
      const before = await eachIn(store);
      const listed = await listedIn(store);
      assert.deepEqual(
        before.map((row) => [row?.value, row?.version, row?.notBefore?.seq, row?.expires]),
        keys.map((_, n) => [`value ${n}`, 1, n + 1, n + 1]),
      );
      await store.close();
      const again = await reopened(context);
      try {
        assert.deepEqual(await listedIn(again), listed);
        for (const [n, key] of keys.entries()) {
          const absent = keyOf(key.id, "idempotency", AWAY);
          assert.equal(await rowAt(again, absent), undefined);
          assert.deepEqual(await rowAt(again, key), before[n]);
          await mustConflict(again, drafts.change({ rows: [put(absent, 1, "nobody's")] }));
        }
      } finally {
        await again.close();
      }

      function listedIn(from: Store): Promise<unknown> {
        return Promise.all(
          [HOME, AWAY].map(async (tenant) => [
            await allNotices(from, tenant),
            await from.facts({ tenant, limit: 10 }),
            await from.facts({ tenant, session, limit: 10 }),
            await from.list({ tenant, kind: "session", limit: 10 }),
            await from.due({ kind: "session", by: instantOf(4), limit: 10 }),
          ]),
        );
      }

      function eachIn(from: Store): Promise<readonly (Row | undefined)[]> {
        return Promise.all(keys.map((key) => rowAt(from, key)));
      }
    },
  },
  {
    id: "durability.rewritten",
    group,
    title:
      "a store that is closed and opened again has each row as it was last written, and a version that was not current wrote nothing",
    promisedBy: survivesExit,
    run: async (context) => {
      const { store, drafts } = context;
      const [one, two] = [[keyOf("one", "subject")], [keyOf("two", "subject")]];
      const of = (n: number): RowKey => keyOf(uuidOf(n));
      // The same ids of another kind and another tenant beside them, which nothing may touch.
      const keys: RowKey[] = [];
      for (const tenant of [HOME, AWAY]) {
        const own = Array.from({ length: 8 }, (_, n) => uuidOf(n)).flatMap((id) => [
          keyOf(id, "session", tenant),
          keyOf(id, "idempotency", tenant),
        ]);
        const rows = own.map((key) => put(key, "absent", `made ${key.kind}`, { refs: one, expires: instantOf(1) }));
        await mustCommit(store, drafts.change({ rows }));
        keys.push(...own);
      }
      const expires = instantOf(1000);
      // One row alone and two together: the value, what it refers to, how long it is kept, a mark, the row itself.
      const writes: readonly (readonly RowChange[])[] = [
        [put(of(0), 1, "value", { refs: one, expires })],
        [put(of(1), 1, "refs", { refs: two, expires })],
        [put(of(2), 1, "raised", { refs: two, expires, raise: true })],
        [put(of(3), 1, "value, too", { refs: one, expires }), put(of(4), 1, "refs, too", { refs: two, expires })],
        [put(of(5), 1, "raised, too", { refs: two, expires, raise: true }), gone(of(6), 1)],
        ["idempotency" as const, "session" as const].map((kind) =>
          put(keyOf(uuidOf(7), kind, AWAY), 1, `away ${kind}`, { refs: two, expires }),
        ),
      ];
      for (const [n, rows] of writes.entries()) {
        const epoch = n === 4 ? { newEpoch: { above: null } } : {};
        await mustCommit(store, drafts.change({ rows, notices: [drafts.notice(epoch)] }));
      }
      for (const refs of [one, two]) {
        await mustConflict(store, drafts.change({ rows: [put(of(0), 1, "stale", { refs })] }));
        await mustConflict(
          store,
          drafts.change({ rows: [put(of(1), 1, "stale", { refs }), put(of(7), 1, "beside", { refs })] }),
        );
      }
      const [before, { head }] = [await eachOf(store), await store.read([])];
      await store.close();
      const again = await reopened(context);
      try {
        const after = await eachOf(again);
        assert.deepEqual(after, before);
        assert.deepEqual((await again.read([])).head, head);
        const changed = after.flatMap((row) => (row === undefined || row.version === 1 ? [] : [row]));
        assert.deepEqual(
          changed.map(({ value, version }) => [value, version]),
          ["value", "refs", "raised", "value, too", "refs, too", "raised, too", "away session", "away idempotency"].map(
            (value) => [value, 2],
          ),
        );
        assert.deepEqual(
          changed.map((row) => row.expires),
          changed.map(() => expires),
        );
        assert.deepEqual(
          after.flatMap((row) => row?.notBefore ?? []),
          [
            { epoch: 1, seq: 3 },
            { epoch: 2, seq: 5 },
          ],
        );
        for (const [refs, all] of [
          [one, [0, 3]],
          [two, [1, 2, 4, 5]],
        ] as const)
          for (const n of all) {
            const snapshot = await again.read([of(n)]);
            assert.ok(refs.every((ref) => snapshot.has(ref)));
          }
      } finally {
        await again.close();
      }

      function eachOf(from: Store): Promise<readonly (Row | undefined)[]> {
        return Promise.all(keys.map((key) => rowAt(from, key)));
      }
    },
  },
  {
    id: "durability.cursors",
    group,
    title:
      "a cursor from before all facts were dropped and the store was opened again lies before whatever comes later",
    promisedBy: survivesExit,
    run: async (context) => {
      const { store, drafts } = context;
      for (const body of ["1", "2", "3"]) await mustCommit(store, drafts.change({ facts: [factOf(body)] }));
      const last = (await store.facts({ tenant: HOME, limit: 10 })).facts.at(-1);
      assert.ok(last !== undefined);
      await store.drop({ horizon: instantOf(0), factsBefore: afterMs(last.at, 1), limit: 10 });
      assert.deepEqual((await store.facts({ tenant: HOME, limit: 10 })).facts, []);
      await store.close();
      const again = await reopened(context);
      try {
        await mustCommit(again, drafts.change({ facts: [factOf("4")] }));
        const later = (await again.facts({ tenant: HOME, after: last.cursor, limit: 10 })).facts;
        assert.deepEqual(
          later.map(({ body }) => body),
          ["4"],
        );
      } finally {
        await again.close();
      }
    },
  },
  {
    id: "durability.killed",
    group,
    title: "a process that is killed while it commits loses nothing that it had answered",
    promisedBy: survivesExit,
    run: async (context) => {
      const { store, committer } = context;
      await store.close();
      assert.ok(committer !== undefined, "a store that promises to survive says how to run a committer");
      const acknowledged = await runUntilKilled(committer, 200);
      const again = await reopened(context);
      try {
        await mustHoldAll(again, acknowledged);
      } finally {
        await again.close();
      }
    },
  },
];

async function reopened({ reopen }: RuleContext): Promise<Store> {
  assert.ok(reopen !== undefined, "a store that promises to survive says how to reopen it");
  return reopen();
}

/** Every acknowledged commit is there, and the order has no gap up to the head, which is no earlier than the last of them. */
export async function mustHoldAll(store: Store, acknowledged: readonly Acknowledged[]): Promise<void> {
  // What the killed process had sent and nobody answered may still be committed by a server that outlives it: the head comes first.
  const { head } = await store.read([]);
  const kept = (await allNotices(store)).filter(({ pos }) => pos.seq <= head.pos.seq);
  assert.deepEqual(
    kept.map((notice) => notice.pos.seq),
    Array.from({ length: head.pos.seq }, (_, n) => n + 1),
  );
  for (const { id, version, seq, mark } of acknowledged) {
    const row = (await store.read([keyOf(id)])).get(keyOf(id));
    assert.ok(row !== undefined && row.version >= version, `the row ${id} has version ${version} or a later one`);
    assert.equal(kept[seq - 1]?.mark, mark);
  }
}
