// Ways to wrap a store so that only one thing about it goes wrong.

import { type Change, checkChanges, type Row, type Store } from "@hallpass/core";

/** Shows rows otherwise than they are. */
export function mapRows(store: Store, show: (row: Row) => Row): Store {
  return {
    ...store,
    read: async (keys) => {
      const snapshot = await store.read(keys);
      return {
        ...snapshot,
        get: (key) => {
          const row = snapshot.get(key);
          return row === undefined ? undefined : show(row);
        },
      };
    },
    list: async (query) => (await store.list(query)).map(show),
  };
}

/** Commits otherwise than it was asked to. Defects still throw, and closing still waits. */
export function spoilCommits(store: Store, commit: (changes: readonly Change[]) => ReturnType<Store["commit"]>): Store {
  const under = new Set<Promise<unknown>>();
  return {
    ...store,
    commit: async (changes) => {
      checkChanges(changes);
      const answer = commit(changes);
      under.add(answer);
      try {
        return await answer;
      } finally {
        under.delete(answer);
      }
    },
    close: async () => {
      await Promise.allSettled(under);
      await store.close();
    },
  };
}
