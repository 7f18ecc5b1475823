// A store for one request whose rows were read already, together with those by which its caller was judged: one round trip for both.

import type { RowKey, Snapshot, Store } from "./store.ts";

/**
 * The store, with what the snapshot holds read from it until the request commits something: whoever has lost a race reads anew. The snapshot
 * must not be older than the request.
 */
export function readBefore(store: Store, snapshot: Snapshot): Store {
  let hasCommitted = false;
  const isHeld = (key: RowKey): boolean => snapshot.has(key);
  return {
    ...store,
    read: (keys) => (!hasCommitted && keys.every(isHeld) ? snapshot : store.read(keys)),
    commit: (changes) => {
      hasCommitted = true;
      return store.commit(changes);
    },
  };
}
