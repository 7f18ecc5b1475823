// When the newest thing happened that the store knows of, as far as a look tells: for a start, which can't know what the clock showed before.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { censusReader } from "../readers/census-reader.ts";
import { readerFromRow, readerKey } from "../readers/reader-row.ts";
import type { Store } from "../store/store.ts";

/** Whoever counts sessions is seldom further behind than this. */
const LOOKED_AT = 1000;

/** Behind those that were counted there are few: of them the newest. Null where nothing has happened yet. Throws Faults of the store. */
export async function newestFactAt(store: Store, tenant: TenantId): Promise<Instant | null> {
  const key = readerKey(tenant, censusReader.name);
  const { cursor, factAt } = readerFromRow((await store.read([key])).get(key));
  const after = cursor === null ? {} : { after: cursor };
  const { facts } = await store.facts({ tenant, limit: LOOKED_AT, ...after });
  const times = facts.map(({ at }) => at);
  return [...times, ...(factAt === null ? [] : [factAt])].reduce<Instant | null>(later, null);
}

function later(one: Instant | null, other: Instant): Instant {
  return one === null || one < other ? other : one;
}
