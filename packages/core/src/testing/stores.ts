// Stores around a store: they count, misbehave in a stated way, or let a test choose who goes first.

import { Fault } from "../kernel/fault.ts";
import type { Change, Outcome, Store } from "../store/store.ts";

/** How one commit goes wrong. `lost`: nothing was written; `kept`: everything was, and the answer went missing. */
export type Mishap = "lost" | "kept" | "conflict" | "failed" | "full";

/** The commits go wrong as the list says, first to last, and well after it. */
export function withMishaps(store: Store, mishaps: readonly Mishap[]): Store {
  const left = [...mishaps];
  return {
    ...store,
    commit: async (changes) => {
      const mishap = left.shift();
      if (mishap === undefined) return store.commit(changes);
      const cause = new Error("injected");
      if (mishap === "kept") await store.commit(changes);
      return changes.map((): Outcome => {
        if (mishap === "lost" || mishap === "kept") return { kind: "unknown", cause };
        return mishap === "conflict" ? { kind: "conflict" } : { kind: "failed", cause, full: mishap === "full" };
      });
    },
  };
}

/** After `commits` more commits every call fails: the store is gone. */
export function goneAfter(store: Store, commits: number): Store {
  let left = commits;
  const alive = (): void => {
    if (left <= 0) throw new Fault("store_unavailable");
  };
  return {
    ...store,
    read: async (keys) => {
      alive();
      return store.read(keys);
    },
    commit: async (changes) => {
      if (left <= 0) return changes.map((): Outcome => ({ kind: "failed", cause: new Error("injected"), full: false }));
      left -= 1;
      return store.commit(changes);
    },
  };
}

export interface CountingStore {
  readonly store: Store;
  readonly reads: () => number;
  readonly changes: () => readonly Change[];
}

export function counting(store: Store): CountingStore {
  let reads = 0;
  const seen: Change[] = [];
  return {
    reads: () => reads,
    changes: () => seen,
    store: {
      ...store,
      read: (keys) => {
        reads += 1;
        return store.read(keys);
      },
      commit: (changes) => {
        seen.push(...changes);
        return store.commit(changes);
      },
    },
  };
}

/** Each read and each commit waits for its turn, which the test gives. */
export function inTurns(store: Store, turn: (what: string) => Promise<void>): Store {
  return {
    ...store,
    read: async (keys) => {
      await turn("read");
      return store.read(keys);
    },
    commit: async (changes) => {
      await turn("commit");
      return store.commit(changes);
    },
  };
}

/** A negative control: it writes whatever the rows were meanwhile. */
export function withoutComparing(store: Store): Store {
  return {
    ...store,
    commit: async (changes) => {
      const careless = await Promise.all(
        changes.map(async (change) => {
          const snapshot = await store.read(change.rows.map((row) => row.key));
          const rows = change.rows.map((row) => ({
            ...row,
            expect: snapshot.get(row.key)?.version ?? ("absent" as const),
          }));
          return { ...change, rows };
        }),
      );
      return store.commit(careless);
    },
  };
}
