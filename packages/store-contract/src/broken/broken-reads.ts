// Stores that answer a question wrongly.

import { afterMs, type RowKey, rowKeyText } from "@hallpass/core";
import { AWAY, HOME } from "../drafts.ts";
import { turn } from "../turn.ts";
import type { BrokenStore } from "./broken-store.ts";

export const brokenReads: readonly BrokenStore[] = [
  {
    name: "follows refs in a second read",
    breaks: "refs.same-snapshot",
    spoil: (store) => ({
      ...store,
      read: async (keys) => {
        const first = await store.read(keys);
        await turn();
        const second = await store.read(keys);
        const asked = new Set(keys.map(rowKeyText));
        const isLate = (key: RowKey): boolean => !asked.has(rowKeyText(key)) && second.has(key);
        return {
          head: first.head,
          clock: first.clock,
          has: (key) => first.has(key),
          get: (key) => (isLate(key) ? second.get(key) : first.get(key)),
        };
      },
    }),
  },
  {
    name: "takes a row for due one millisecond late",
    breaks: "time.due",
    also: { "time.due-moved": "it looks at the instant itself" },
    spoil: (store) => ({ ...store, due: (query) => store.due({ ...query, by: afterMs(query.by, -1) }) }),
  },
  {
    name: "takes a row for due one millisecond early",
    breaks: "time.due",
    also: { "time.due-moved": "it looks at the instant before" },
    spoil: (store) => ({ ...store, due: (query) => store.due({ ...query, by: afterMs(query.by, 1) }) }),
  },
  {
    name: "keeps rows of all tenants under one key",
    breaks: "tenants.rows",
    also: {
      "time.due-soonest": "the other tenant's row shows up as this one's",
      "tenants.lists": "the lists are mixed as well",
      "refs.followed": "a ref into another tenant finds nothing",
    },
    spoil: (store) => {
      const home = (key: RowKey): RowKey => ({ ...key, tenant: HOME });
      return {
        ...store,
        read: async (keys) => {
          const snapshot = await store.read(keys.map(home));
          return {
            ...snapshot,
            has: (key) => snapshot.has(key) || snapshot.has(home(key)),
            get: (key) => {
              const row = snapshot.has(key) ? snapshot.get(key) : snapshot.get(home(key));
              return row === undefined ? undefined : { ...row, key };
            },
          };
        },
        commit: (changes) =>
          store.commit(
            changes.map((change) => ({ ...change, rows: change.rows.map((row) => ({ ...row, key: home(row.key) })) })),
          ),
      };
    },
  },
  {
    name: "shows a tenant the notices of another",
    breaks: "tenants.notices",
    spoil: (store) => ({
      ...store,
      notices: async (range) => {
        const own = await store.notices(range);
        const other = await store.notices({ ...range, tenant: AWAY });
        if (range.tenant === AWAY) return own;
        const notices = [...own.notices, ...other.notices].toSorted((a, b) => a.pos.seq - b.pos.seq);
        return { ...own, notices: notices.slice(0, range.limit) };
      },
    }),
  },
  {
    name: "shows a tenant the facts of another",
    breaks: "tenants.facts",
    spoil: (store) => ({
      ...store,
      facts: async (query) => {
        const own = await store.facts(query);
        const other = await store.facts({ ...query, tenant: HOME });
        return query.tenant === HOME ? own : { ...own, facts: [...own.facts, ...other.facts] };
      },
    }),
  },
  {
    name: "gives the facts of one change in reverse",
    breaks: "facts.order",
    spoil: (store) => ({
      ...store,
      commit: (changes) => store.commit(changes.map((change) => ({ ...change, facts: change.facts.toReversed() }))),
    }),
  },
  {
    name: "orders lists by code units of UTF-16",
    breaks: "lists.order",
    also: { "lists.pages": "its pages stand in the same order", "lists.after": "its pages start at the wrong place" },
    spoil: (store) => ({
      ...store,
      list: async ({ after, limit, ...query }) => {
        const rows = await store.list({ ...query, limit: 10_000 });
        return rows
          .filter(({ key }) => after === undefined || key.id > after)
          .toSorted((a, b) => (a.key.id < b.key.id ? -1 : 1))
          .slice(0, limit);
      },
    }),
  },
  {
    name: "answers undefined for a row that was not asked for",
    breaks: "absence.not-asked",
    also: { "refs.one-step": "it answers undefined there too" },
    spoil: (store) => ({
      ...store,
      read: async (keys) => {
        const snapshot = await store.read(keys);
        return { ...snapshot, get: (key) => (snapshot.has(key) ? snapshot.get(key) : undefined) };
      },
    }),
  },
  {
    name: "answers empty after it was closed",
    breaks: "closing.refuses",
    spoil: (store) => {
      let closed = false;
      return {
        ...store,
        due: async (query) => (closed ? [] : store.due(query)),
        close: async () => {
          closed = true;
          await store.close();
        },
      };
    },
  },
];
