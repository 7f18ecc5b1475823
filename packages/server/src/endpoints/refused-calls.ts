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
  "authentication_rate_exceeded",
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
const MORE = { client: null, route: "more", code: "more" } as const;
/** Facts of one change. */
const AT_ONCE = 100;

export interface RefusedCalls {
  /** Of a code that says nothing about who called, nothing is noted. */
  note(client: ClientId | null, route: string, code: WireCode): void;
  /** Writes what was counted, and begins to count anew. Rejects with Faults of the store; what could not be written is kept for the next time. */
  flush(): Promise<void>;
}

interface Kind {
  readonly client: ClientId | null;
  readonly route: string;
  readonly code: string;
  readonly times: number;
}

function keyOf({ client, route, code }: Omit<Kind, "times">): string {
  return `${client ?? ""} ${route} ${code}`;
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

  function count(kind: Kind): void {
    const own = keyOf(kind);
    const isTold = kinds.has(own) || kinds.size < MOST_KINDS;
    const key = isTold ? own : keyOf(MORE);
    kinds.set(key, { ...(isTold ? kind : MORE), times: kind.times + (kinds.get(key)?.times ?? 0) });
  }

  return {
    note: (client, route, code) => {
      if (!REFUSED.has(code)) return;
      const first = { client, route, code, times: 1 };
      const isNews = kinds.size < MOST_KINDS && !kinds.has(keyOf(first));
      count({ ...first, times: isNews ? 0 : 1 });
      if (!isNews) return;
      const one = write([first])
        .catch((thrown: unknown) => {
          count(first);
          failed(thrown);
        })
        .finally(() => writing.delete(one));
      writing.add(one);
    },
    flush: async () => {
      await Promise.all(writing);
      const left = [...kinds.values()].filter(({ times }) => times > 0);
      kinds = new Map();
      try {
        while (left.length > 0) {
          await write(left.slice(0, AT_ONCE));
          left.splice(0, AT_ONCE);
        }
      } catch (thrown) {
        // Kept for the next time, beside what came meanwhile. Where the store could not say whether it wrote, they are told twice.
        for (const kind of left) count(kind);
        throw thrown;
      }
    },
  };
}
