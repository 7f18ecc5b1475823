// Every refused call becomes a fact, and no flood of them fills the log: the first of its kind is written at once, those of the same client,
// row and code that follow within a minute are counted, and written as one.

import { type ClientId, type Clock, type Dice, fact, record, type Store, type TenantId } from "@hallpass/core";
import type { WireCode } from "../wire-errors.ts";

/** What is refused for who the caller is, not for what it wrote. */
const REFUSED: ReadonlySet<WireCode> = new Set<WireCode>([
  "bearer_missing",
  "bearer_malformed",
  "bearer_refused",
  "bearer_of_a_session",
  "scope_missing",
  "client_unauthenticated",
  "scope_not_allowed",
  "mandate_exceeded",
  "mandate_too_wide",
  "role_beyond_caller",
  "actor_malformed",
  "actor_differs",
  "actor_refused",
]);

/** Kinds that are counted apart within a minute; what comes beyond them is counted together. */
const MOST_KINDS = 500;

export interface RefusedCalls {
  /** Of a code that says nothing about who called, nothing is noted. */
  note(client: ClientId | null, route: string, code: WireCode): void;
  /** Writes what was counted, and begins to count anew. Rejects with Faults of the store; what could not be written is counted on. */
  flush(): Promise<void>;
}

interface Kind {
  readonly client: ClientId | null;
  readonly route: string;
  readonly code: string;
  times: number;
}

export function createRefusedCalls(
  deps: { readonly store: Store; readonly dice: Dice; readonly clock: Clock; readonly tenant: TenantId },
  failed: (thrown: unknown) => void,
): RefusedCalls {
  let kinds = new Map<string, Kind>();
  const writing = new Set<Promise<void>>();

  function write(all: readonly Kind[]): Promise<void> {
    const { store, dice, clock, tenant } = deps;
    return record(
      store,
      dice,
      all.map((kind) => fact(tenant, clock.now(), "call_refused", kind)),
    );
  }

  return {
    note: (client, route, code) => {
      if (!REFUSED.has(code)) return;
      const isFull = kinds.size >= MOST_KINDS;
      const key = `${client ?? ""} ${route} ${code}`;
      const known = kinds.get(key) ?? (isFull ? kinds.get("") : undefined);
      if (known !== undefined) {
        known.times += 1;
        return;
      }
      if (isFull) {
        kinds.set("", { client: null, route: "more", code: "more", times: 1 });
        return;
      }
      kinds.set(key, { client, route, code, times: 0 });
      const one = write([{ client, route, code, times: 1 }])
        .catch(failed)
        .finally(() => writing.delete(one));
      writing.add(one);
    },
    flush: async () => {
      await Promise.all(writing);
      const counted = kinds;
      kinds = new Map();
      const all = [...counted.values()].filter(({ times }) => times > 0);
      try {
        for (let start = 0; start < all.length; start += 100) await write(all.slice(start, start + 100));
      } catch (thrown) {
        // Counted on, so that nothing is lost but, at worst, told twice.
        for (const [key, kind] of counted) kinds.set(key, kinds.get(key) ?? kind);
        throw thrown;
      }
    },
  };
}
