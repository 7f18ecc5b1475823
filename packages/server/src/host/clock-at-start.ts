// What the store's clock shows first is believed, because nothing was seen before it. But what is in the store happened before: a clock that
// lies behind that was set back, and who was signed out meanwhile by its time may live again (spec/nodes.md NODE-12). Nothing is decided by
// it: the clock may as well have been ahead then. Whoever operates the server has to know.

import { newestFactAt, type Store, type TenantId } from "@hallpass/core";
import type { Log } from "../observe/log.ts";

/** Milliseconds: by so much may the clocks of nodes differ that wrote facts. */
const TOLERATED = 60_000;

/** Never rejects: `failed` is told where it can't be known, by a store's fault or a row that can't be read, and no start fails by it. */
export async function tellOfLateClock(
  store: Store,
  tenant: TenantId,
  log: Log,
  failed: (thrown: unknown) => void,
): Promise<void> {
  try {
    const newest = await newestFactAt(store, tenant);
    const { clock } = await store.read([]);
    if (newest === null || clock >= newest - TOLERATED) return;
    log.error("clock_behind", { clock_ms: clock, newest_ms: newest, behind_s: Math.round((newest - clock) / 1000) });
  } catch (thrown) {
    failed(thrown);
  }
}
