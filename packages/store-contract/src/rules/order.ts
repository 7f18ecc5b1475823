// The one strict order: positions are given at the commit, one after the other, and the head is the newest.

import { strict as assert } from "node:assert";
import {
  allNotices,
  END,
  HOME,
  headOf,
  keyOf,
  mustCommit,
  mustConflict,
  mustHave,
  put,
  START,
  uuidOf,
} from "../drafts.ts";
import type { Rule } from "../rule.ts";
import { lookBeside, turn } from "../turn.ts";

const group = "order of the log";

export const order: readonly Rule[] = [
  {
    id: "order.next",
    group,
    title: "each notice stands right after the head, and the commit answers its position",
    run: async ({ store, drafts }) => {
      for (let seq = 1; seq <= 3; seq += 1) {
        const { pos } = await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
        assert.deepEqual(pos, { epoch: 1, seq });
      }
    },
  },
  {
    id: "order.round-trip",
    group,
    title: "a notice is read as it was written, with its position and the time of its commit",
    run: async ({ store, drafts }) => {
      const { mark, body } = drafts.notice({ body: '{"kind":"token","jti":"ä"}' });
      const { pos, at } = await mustCommit(store, drafts.change({ notices: [drafts.notice({ mark, body })] }));
      const [notice] = await allNotices(store);
      assert.ok(notice !== undefined);
      const { until, ...rest } = notice;
      assert.deepEqual(rest, { pos, tenant: HOME, mark, body, at });
      assert.ok(until > at);
    },
  },
  {
    id: "order.of-one-change",
    group,
    title: "the notices of one change stand in their order, and its position is that of the last",
    run: async ({ store, drafts }) => {
      const notices = [drafts.notice(), drafts.notice(), drafts.notice()];
      const { pos } = await mustCommit(store, drafts.change({ notices }));
      assert.deepEqual(pos, { epoch: 1, seq: 3 });
      const kept = await allNotices(store);
      assert.deepEqual(
        kept.map((notice) => [notice.pos.seq, notice.mark]),
        notices.map((notice, n) => [n + 1, notice.mark]),
      );
    },
  },
  {
    id: "order.gap-free",
    group,
    title: "parallel commits get positions without a gap and without a pair, each change's in a row",
    run: async ({ store, drafts }) => {
      const commits = Array.from({ length: 64 }, async (_, n) => {
        const notices = Array.from({ length: 1 + (n % 3) }, () => drafts.notice());
        const { pos } = await mustCommit(store, drafts.change({ notices }));
        return { pos, marks: notices.map((notice) => notice.mark) };
      });
      const answered = await Promise.all(commits);
      const kept = await allNotices(store);
      assert.deepEqual(
        kept.map((notice) => notice.pos),
        kept.map((_, n) => ({ epoch: 1, seq: n + 1 })),
      );
      assert.equal(kept.length, answered.flatMap(({ marks }) => marks).length);
      for (const { pos, marks } of answered) {
        const own = kept.slice(pos.seq - marks.length, pos.seq).map((notice) => notice.mark);
        assert.deepEqual(own, marks);
      }
    },
  },
  {
    id: "order.untouched",
    group,
    title: "a change without a notice does not move the head, and answers the head it saw",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      const { pos } = await mustCommit(store, drafts.change({ rows: [put(key, "absent", "a")] }));
      assert.deepEqual(pos, { epoch: 1, seq: 1 });
      assert.deepEqual(await headOf(store), { epoch: 1, seq: 1 });
    },
  },
  {
    id: "order.conflict-takes-none",
    group,
    title: "a change that conflicts takes no position",
    run: async ({ store, drafts }) => {
      await mustConflict(store, drafts.change({ rows: [put(keyOf("a"), 1, "a")], notices: [drafts.notice()] }));
      const { pos } = await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      assert.deepEqual(pos, { epoch: 1, seq: 1 });
    },
  },
  {
    id: "order.with-its-rows",
    group,
    title: "a notice is there exactly when the rows of its change are: in every snapshot, while others commit",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "0")] }));
      const write = async (): Promise<void> => {
        for (let n = 1; n <= 50; n += 1) {
          await mustCommit(store, drafts.change({ rows: [put(key, n, String(n))], notices: [drafts.notice()] }));
        }
      };
      const look = async (): Promise<void> => {
        const snapshot = await store.read([key]);
        assert.equal(mustHave(snapshot, key).value, String(snapshot.head.pos.seq));
      };
      await lookBeside(write(), look);
      assert.equal((await allNotices(store)).length, 50);
    },
  },
  {
    id: "order.none-lost",
    group,
    title: "changes that share a call keep their notices, each with its own rows",
    run: async ({ store, drafts }) => {
      const changes = Array.from({ length: 8 }, (_, n) =>
        drafts.change({ rows: [put(keyOf(uuidOf(n)), "absent", "a")], notices: [drafts.notice()] }),
      );
      await store.commit(changes);
      assert.deepEqual(
        (await allNotices(store)).map((notice) => notice.mark),
        changes.flatMap(({ notices }) => notices.map((notice) => notice.mark)),
      );
    },
  },
  {
    id: "order.head-after-commit",
    group,
    title: "a read that starts after a commit was answered has its position in the head",
    promisedBy: ({ head }) => head === "linearizable",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      for (let n = 0; n < 20; n += 1) {
        const { pos } = await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
        const [empty, withRow] = await Promise.all([store.read([]), store.read([key])]);
        assert.deepEqual(empty.head.pos, pos);
        assert.deepEqual(withRow.head.pos, pos);
      }
    },
  },
  {
    id: "order.tail",
    group,
    title:
      "a reader that follows the head beside many writers sees every notice once, in order, as soon as the head covers it",
    run: async ({ store, drafts }) => {
      const total = 120;
      let left = total;
      const write = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
        }
      };
      const follow = async (): Promise<void> => {
        let after = START;
        while (after.seq < total) {
          const upTo = await headOf(store);
          const { notices } = await store.notices({ tenant: HOME, after, upTo, limit: 1000 });
          const seen = notices.map((notice) => notice.pos.seq);
          const expected = Array.from({ length: upTo.seq - after.seq }, (_, n) => after.seq + n + 1);
          assert.deepEqual(seen, expected);
          after = upTo;
          await turn();
        }
      };
      await Promise.all([write(), write(), write(), write(), follow()]);
    },
  },
  {
    id: "order.epoch",
    group,
    title: "a new epoch is one more in both parts, and what follows stays in it",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      const epoch = drafts.notice({ newEpoch: { above: null } });
      assert.deepEqual((await mustCommit(store, drafts.change({ notices: [epoch] }))).pos, { epoch: 2, seq: 2 });
      const next = await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      assert.deepEqual(next.pos, { epoch: 2, seq: 3 });
      assert.deepEqual(await headOf(store), { epoch: 2, seq: 3 });
    },
  },
  {
    id: "order.epoch-above",
    group,
    title: "a new epoch lies above the position it is given, in each part by itself, and never below the head",
    run: async ({ store, drafts }) => {
      const above = [
        [
          { epoch: 1, seq: 500 },
          { epoch: 2, seq: 501 },
        ],
        [
          { epoch: 7, seq: 20 },
          { epoch: 8, seq: 502 },
        ],
        [
          { epoch: 3, seq: 3 },
          { epoch: 9, seq: 503 },
        ],
      ] as const;
      for (const [given, expected] of above) {
        const epoch = drafts.notice({ newEpoch: { above: given } });
        const { pos } = await mustCommit(store, drafts.change({ notices: [epoch] }));
        assert.deepEqual(pos, expected);
        assert.deepEqual(await headOf(store), expected);
      }
      assert.deepEqual(
        (await allNotices(store)).map((notice) => notice.pos),
        above.map(([, expected]) => expected),
      );
    },
  },
  {
    id: "order.range",
    group,
    title: "a range of notices excludes its start, includes its end, keeps to its limit and says whether more follows",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ notices: Array.from({ length: 5 }, () => drafts.notice()) }));
      const range = async (after: number, upTo: number, limit: number): Promise<readonly unknown[]> => {
        const { notices, more } = await store.notices({
          tenant: HOME,
          after: { epoch: 1, seq: after },
          upTo: { epoch: 1, seq: upTo },
          limit,
        });
        return [...notices.map((notice) => notice.pos.seq), more];
      };
      assert.deepEqual(await range(1, 3, 10), [2, 3, false]);
      assert.deepEqual(await range(0, 5, 2), [1, 2, true]);
      assert.deepEqual(await range(3, 5, 2), [4, 5, false]);
      assert.deepEqual(await range(5, 5, 2), [false]);
      assert.equal((await store.notices({ tenant: HOME, after: START, upTo: END, limit: 5 })).more, false);
    },
  },
  {
    id: "order.wakes",
    group,
    title: "who asked is woken when the head moves, until they say stop",
    run: async ({ store, drafts }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let wakes = 0;
      const stop = store.onHeadMoved(() => {
        wakes += 1;
        resolve();
      });
      await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      await promise;
      stop();
      const before = wakes;
      await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      await turn();
      assert.equal(wakes, before);
    },
  },
];
