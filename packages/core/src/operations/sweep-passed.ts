// A store's clock that was set back would bring to life again what it had outlived and no sweep had written down yet. Whoever sees it go back
// writes that down first, by the latest instant that had been seen; only then is anything decided by the clock as it is now.

import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Instant, instantOf, isPast } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { sessionFromRow } from "../sessions/session-row.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import { changeEach } from "../store/change-each.ts";
import type { Row, RowKey, Snapshot, Store } from "../store/store.ts";
import { asOf, type Settled, settleSession } from "./sweep.ts";

export interface SweepPassedDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

const STEP = 200;
/** Rows that are read and committed together. */
const TOGETHER = 32;
const LAYOUT = 1;

/**
 * Ends every session that was over at `reached`, and notes for each tenant that it was done: whoever sees the same clock later, at another node
 * or for another tenant, ends nothing of what was opened since. Answers how many were ended. Throws Faults of the store.
 */
export async function sweepPassed(deps: SweepPassedDeps, reached: Instant): Promise<number> {
  const { store, tenant } = deps;
  const noted = notedKey(tenant);
  if (reachedIn((await store.read([noted])).get(noted)) >= reached) return 0;
  const met = new Set([tenant]);
  let ended = 0;
  for (let limit = STEP; ; ) {
    const keys = await store.due({ kind: "session", by: reached, limit });
    for (const key of keys) met.add(key.tenant);
    const settled = await settleEach(deps, keys, reached);
    const done = settled.filter((one) => one === "ended").length;
    ended += done;
    // One that somebody changed meanwhile is looked at again: nothing is left for another time.
    if (keys.length < limit && !settled.includes(undefined)) break;
    // What has ended is due no more; where nothing has, what lies behind has to be asked for.
    if (done === 0) limit += STEP;
  }
  for (const one of met) await note(deps, one, reached);
  return ended;
}

async function settleEach(
  { store, dice }: SweepPassedDeps,
  keys: readonly RowKey[],
  reached: Instant,
): Promise<readonly (Settled | "left" | undefined)[]> {
  const settled: (Settled | "left" | undefined)[] = [];
  for (let from = 0; from < keys.length; from += TOGETHER) {
    const together = keys.slice(from, from + TOGETHER);
    const tenants = [...new Set(together.map((key) => key.tenant))];
    const asked = [...together, ...tenants.flatMap((one) => [ringKey(one), notedKey(one)])];
    settled.push(
      ...(await changeEach<RowKey, Settled | "left">(store, dice, asked, together, (key, snapshot) =>
        settle(snapshot.get(key), snapshot, reached),
      )),
    );
  }
  return settled;
}

function settle(row: Row | undefined, snapshot: Snapshot, reached: Instant): Decision<Settled | "left"> {
  if (row === undefined || row.expires === null || !isPast(row.expires, reached)) return answer("left");
  try {
    if (row.expires <= reachedIn(snapshot.get(notedKey(row.key.tenant)))) return answer("left");
    const session = sessionFromRow(row);
    if (session.state.kind === "ended") return answer("left");
    return settleSession(row, session, asOf(snapshot, reached));
  } catch {
    // A row that nobody can read lets nobody in either. The sweep tells of it.
    return answer("left");
  }
}

async function note({ store, dice }: SweepPassedDeps, tenant: TenantId, reached: Instant): Promise<void> {
  const key = notedKey(tenant);
  await change<undefined>(store, dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (reachedIn(row) >= reached) return answer(undefined);
    const value = JSON.stringify({ layout: LAYOUT, reached });
    const next = { value, expires: null };
    return write({ rows: [{ key, expect: row?.version ?? "absent", next }], answer: () => undefined });
  });
}

function notedKey(tenant: TenantId): RowKey {
  return { tenant, kind: "lease", id: "clock" };
}

/** 0 where the clock was never seen to go back. */
function reachedIn(row: Row | undefined): Instant {
  if (row === undefined) return instantOf(0);
  const { layout, reached } = JSON.parse(row.value) as { readonly layout: number; readonly reached: Instant };
  if (layout !== LAYOUT) throw new Error("the row of the clock has a layout that this version does not know");
  return reached;
}
