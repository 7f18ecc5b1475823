// Counts the sessions that live, from the facts: a store of millions of rows is not asked. Idle sessions count until the sweep has written
// down their end. What was opened before the oldest fact that is kept is not known to it.

import type { TenantId } from "../kernel/ids.ts";
import type { Store } from "../store/store.ts";
import type { FactReader } from "./fact-reader.ts";
import { readerFromRow, readerKey } from "./reader-row.ts";

const NAME = "census";
const BATCH = 1000;

export const censusReader: FactReader = {
  name: NAME,
  batch: BATCH,
  prepare: (facts) => {
    const opened = facts.filter(({ kind }) => kind === "session_opened").length;
    const ended = facts.filter(({ kind }) => kind === "session_ended").length;
    const counted = (progress: string | null): string => String(Math.max(0, Number(progress ?? 0) + opened - ended));
    return { keys: [], write: (progress) => ({ rows: [], progress: counted(progress) }) };
  },
};

/** Null before the first facts were read. */
export async function liveSessions(store: Store, tenant: TenantId): Promise<number | null> {
  const key = readerKey(tenant, NAME);
  const { progress } = readerFromRow((await store.read([key])).get(key));
  return progress === null ? null : Number(progress);
}
