// The store as a leader's tasks see it: every change and every drop also compares the fence, in the same step. A process that was stopped while
// another took over writes nothing any more, however far it had come: the store refuses it, and it learns so with its next read.

import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { RowChange, Store } from "../store/store.ts";
import { fenceKey } from "./leader-row.ts";

/** `version` is the fence's in this node's term. Reads and drops reject with a Fault `deposed` when another node leads; changes conflict. */
export function fencedStore(store: Store, tenant: TenantId, version: number): Store {
  const key = fenceKey(tenant);
  const fence: RowChange = { key, expect: version, next: "same" };
  return {
    ...store,
    read: async (keys) => {
      const snapshot = await store.read([...keys, key]);
      if (snapshot.get(key)?.version !== version) throw new Fault("deposed");
      return snapshot;
    },
    drop: async (bounds) => {
      const dropped = await store.drop({ ...bounds, fence: { key, version } });
      if (dropped.fenced === true) throw new Fault("deposed");
      return dropped;
    },
    commit: (changes) => store.commit(changes.map((change) => ({ ...change, rows: [...change.rows, fence] }))),
  };
}
