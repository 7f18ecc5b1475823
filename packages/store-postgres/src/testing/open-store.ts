// A store as a node opens it, with the platform's dice and timers.

import type { Store } from "@hallpass/core";
import { openPostgresStore, type PostgresStoreOptions } from "../postgres-store.ts";

export function openStore(url: string, schema: string, more: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  return openPostgresStore({
    url,
    schema,
    clock: { monotonic: () => performance.now() },
    dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    scheduler: {
      after: (ms, task) => {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
    },
    ...more,
  });
}
