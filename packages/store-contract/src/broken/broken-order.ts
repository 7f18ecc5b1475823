// Stores that get positions, heads, marks or lives of notices wrong.

import { afterMs, type Change, type Head, type NoticeDraft, type Store, type StoredNotice } from "@hallpass/core";
import { turn } from "../turn.ts";
import type { BrokenStore, NoticesAnswer } from "./broken-store.ts";
import { spoilCommits } from "./spoiling.ts";

export const brokenOrder: readonly BrokenStore[] = [
  {
    name: "loses the notices of changes that share a call",
    breaks: "order.none-lost",
    also: { "batches.independent": "it counts the notices of a call too" },
    spoil: (store) =>
      spoilCommits(store, (changes) => store.commit(changes.length > 1 ? changes.map(withoutNotices) : changes)),
  },
  {
    name: "shows a notice later than its rows and the head",
    breaks: "order.tail",
    also: {
      "order.gap-free": "the last of the crowd are still held back",
      "drop.beside-commits": "the last of the crowd are still held back",
    },
    spoil: (store) => {
      // Each second notice of a crowd is held back for a turn.
      const hidden = new Set<number>();
      let under = 0;
      return {
        ...store,
        commit: async (changes) => {
          under += 1;
          const outcomes = await store.commit(changes);
          const crowded = under > 1;
          under -= 1;
          for (const outcome of outcomes) {
            if (outcome.kind === "committed" && crowded && changes.length === 1) hold(outcome.pos.seq);
          }
          return outcomes;
        },
        notices: async (range) => without(await store.notices(range), (notice) => hidden.has(notice.pos.seq)),
      };

      function hold(seq: number): void {
        hidden.add(seq);
        void turn().then(() => hidden.delete(seq));
      }
    },
  },
  {
    name: "gives the notices of one change the same position",
    breaks: "order.of-one-change",
    also: {
      "order.gap-free": "the positions of a change are a pair",
      "order.range": "its five notices stand at one position",
      "tenants.notices": "its three notices stand at one position",
    },
    spoil: (store) => {
      const last = new Map<number, number>();
      return {
        ...store,
        commit: async (changes) => {
          const outcomes = await store.commit(changes);
          for (const [n, outcome] of outcomes.entries()) {
            const count = changes[n]?.notices.length ?? 0;
            if (outcome.kind !== "committed" || changes[n]?.rows.length !== 0) continue;
            for (let back = 0; back < count; back += 1) last.set(outcome.pos.seq - back, outcome.pos.seq);
          }
          return outcomes;
        },
        notices: async (range) => {
          const page = await store.notices(range);
          const shown = page.notices.map((notice) => ({
            ...notice,
            pos: { ...notice.pos, seq: last.get(notice.pos.seq) ?? notice.pos.seq },
          }));
          return { ...page, notices: shown };
        },
      };
    },
  },
  {
    name: "reads the head from memory that lags behind",
    breaks: "order.head-after-commit",
    also: {
      "order.epoch-above": "it compares the head with each epoch's position",
      "drop.head": "it compares the head with the next position",
    },
    spoil: (store) => {
      let known: Head | undefined;
      return {
        ...store,
        read: async (keys) => {
          const snapshot = await store.read(keys);
          // Refreshed after the answer was made, as a cache would be; a read of rows that exist goes to the store.
          const shown = keys.length === 0 ? (known ?? snapshot.head) : snapshot.head;
          known = snapshot.head;
          return { ...snapshot, head: shown };
        },
      };
    },
  },
  {
    name: "starts an epoch above its own head only",
    breaks: "order.epoch-above",
    also: { "marks.unknown": "it starts an epoch above a position of its own" },
    spoil: (store) =>
      mapNotices(store, (draft) => (draft.newEpoch === undefined ? draft : { ...draft, newEpoch: { above: null } })),
  },
  {
    name: "lets a notice live no longer than its milliseconds",
    breaks: "time.lives-at-least",
    spoil: (store) =>
      mapNotices(store, ({ tenant, mark, body, livesMs, newEpoch }) => ({
        tenant,
        mark,
        body,
        livesMs,
        ...(newEpoch === undefined ? {} : { newEpoch }),
      })),
  },
  {
    name: "drops a notice a millisecond before its end",
    breaks: "drop.live",
    also: { "drop.reported": "the horizon that it reports is later than any that was asked for" },
    spoil: (store) => ({
      ...store,
      drop: (bounds) => store.drop({ ...bounds, horizon: afterMs(bounds.horizon, 1) }),
    }),
  },
  {
    name: "drops for whoever asks, whatever the fence",
    breaks: "drop.fenced",
    spoil: (store) => ({
      ...store,
      drop: ({ horizon, factsBefore, factsOf = [], limit }) => store.drop({ horizon, factsBefore, factsOf, limit }),
    }),
  },
  {
    name: "keeps every kind of fact for the same time",
    breaks: "drop.kind",
    spoil: (store) => ({
      ...store,
      drop: (bounds) => store.drop({ ...bounds, factsOf: [] }),
    }),
  },
  {
    name: "loses the head with the notice that it drops",
    breaks: "drop.head",
    spoil: (store) => {
      let floor: number | undefined;
      return {
        ...store,
        read: async (keys) => {
          const snapshot = await store.read(keys);
          const { pos, mark } = snapshot.head;
          return pos.seq === floor ? { ...snapshot, head: { pos: { ...pos, seq: 0 }, mark } } : snapshot;
        },
        drop: async (bounds) => {
          const { head } = await store.read([]);
          const answer = await store.drop(bounds);
          if ((await store.markAt(head.pos)) === undefined && head.pos.seq > 0) floor = head.pos.seq;
          return answer;
        },
      };
    },
  },
  {
    name: "says that nothing was dropped",
    breaks: "drop.reported",
    also: { "drop.of-any-tenant": "nor to another tenant" },
    spoil: (store) => {
      let first: NoticesAnswer["dropped"] | undefined;
      return {
        ...store,
        notices: async (range) => {
          const page = await store.notices(range);
          first ??= page.dropped.seq === 0 ? page.dropped : undefined;
          return { ...page, dropped: first ?? { ...page.dropped, seq: 0 } };
        },
      };
    },
  },
];

function without(page: NoticesAnswer, isHidden: (notice: StoredNotice) => boolean): NoticesAnswer {
  return { ...page, notices: page.notices.filter((notice) => !isHidden(notice)) };
}

function mapNotices(store: Store, spoil: (draft: NoticeDraft) => NoticeDraft): Store {
  const spoiled = (change: Change): Change => ({ ...change, notices: change.notices.map(spoil) });
  return { ...store, commit: (changes) => store.commit(changes.map(spoiled)) };
}

function withoutNotices(change: Change): Change {
  const rows = change.rows.map(({ key, expect, next }) => ({ key, expect, next }));
  return rows.length === 0 ? change : { ...change, rows, notices: [] };
}
