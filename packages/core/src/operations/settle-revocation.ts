// One step of a run: looks at a page of sessions and settles those that are meant, a few in each change (end-by-run.ts).
// How far it is stands in the same change, so that whoever goes on after a crash counts none twice and forgets none.

import { fact } from "../facts.ts";
import type { SessionId } from "../kernel/ids.ts";
import { withoutWords } from "../revocation/forgotten.ts";
import { tookAtOnce } from "../revocation/large-run.ts";
import { clientScope, type LargeScope, largeScope } from "../revocation/large-scope.ts";
import { queryRunsFromRow, queryRunsKey, queryRunsRow } from "../revocation/query-runs.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { isLarge } from "../revocation/target.ts";
import { readable } from "../sessions/session-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { Row, RowChange, RowKey, Snapshot } from "../store/store.ts";
import { endByRun, MOST_AT_ONCE, moved, movedTo, type Running, type RunPlace, running } from "./end-by-run.ts";
import type { RevokeManyDeps } from "./revoke-many.ts";

export type { RunPlace } from "./end-by-run.ts";

export type Step =
  | { readonly kind: "running"; readonly place: RunPlace }
  /** Complete, by this step or before, or not there any more. */
  | { readonly kind: "over" };

/** Rows of one step: about a millisecond. */
const PAGE = 128;
/** After so many rows without a find the place is written down, for those who ask and for whoever goes on. */
const NOTED_EVERY = 4096;

const OVER: Step = { kind: "over" };

/** Throws Faults of the store; the same step can then be taken again. `place`: what the step before answered, null for the first of this process. */
export async function settleRevocation(deps: RevokeManyDeps, id: string, place: RunPlace | null): Promise<Step> {
  const { tenant } = deps.issuer;
  const key = revocationKey(tenant, id);
  const row = (await deps.store.read([key])).get(key);
  const revocation = row === undefined ? undefined : running(row);
  if (revocation === undefined) return OVER;
  const scope = scopeOf(deps, revocation);
  const from = furthest(revocation, place);
  const after = from.reached ?? scope.first;
  const rows = await deps.store.list({
    tenant,
    kind: "session",
    limit: PAGE,
    ...(after === undefined ? {} : { after }),
  });
  const page = rows.filter((one) => !scope.isBeyond(one.key.id));
  const meant = page.filter((one) => isMeant(one, scope));
  for (let at = 0; at < meant.length; at += MOST_AT_ONCE) {
    const some = meant.slice(at, at + MOST_AT_ONCE);
    const last = some.at(-1);
    const looked = last === undefined ? 0 : page.indexOf(last) + 1;
    const keys = some.map((one) => one.key);
    const reached = (keys.at(-1)?.id ?? null) as SessionId | null;
    await endByRun(deps, id, keys, { reached, scanned: from.scanned + looked });
  }
  const scanned = from.scanned + page.length;
  const reached = page.at(-1)?.key.id as SessionId | undefined;
  if (page.length < PAGE || reached === undefined) return finish(deps, id, scanned);
  const now = { reached, scanned };
  if (scanned - revocation.run.scanned >= NOTED_EVERY) await note(deps, key, now);
  return { kind: "running", place: now };
}

/** Until the first step has written it down, the row's position is that of the beginning. */
export function scopeOf({ issuer }: Pick<RevokeManyDeps, "issuer">, { targets, run, pos }: Running): LargeScope {
  const began = run.began ?? pos;
  const large = targets.find(isLarge);
  return large === undefined ? clientScope(run.clients ?? [], began) : largeScope(large, began, run.since, issuer.skew);
}

function furthest({ run }: Running, place: RunPlace | null): RunPlace {
  return place === null || place.scanned < run.scanned ? run : place;
}

/** A row that this release can't read stops no run, and is told: nobody knows whether it was meant. */
function isMeant(row: Row, { means }: LargeScope): boolean {
  const session = readable(row);
  return session === undefined || (session.state.kind === "active" && means(session));
}

async function note(deps: RevokeManyDeps, key: RowKey, place: RunPlace): Promise<void> {
  await change<null>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const revocation = row === undefined ? undefined : running(row);
    return row === undefined || revocation === undefined
      ? answer(null)
      : write({ rows: [movedTo(row, revocation, place)], answer: () => null });
  });
}

async function finish(deps: RevokeManyDeps, id: string, scanned: number): Promise<Step> {
  const { tenant } = deps.issuer;
  const key = revocationKey(tenant, id);
  return change<Step>(deps.store, deps.dice, [key, queryRunsKey(tenant)], (snapshot) => {
    const row = snapshot.get(key);
    const revocation = row === undefined ? undefined : running(row);
    if (row === undefined || revocation === undefined || row.expires === null) return answer(OVER);
    const { unreadable = 0, reached } = revocation.run;
    const status = unreadable > 0 && !tookAtOnce(revocation.targets) ? ("incomplete" as const) : ("complete" as const);
    const run = { ...moved(revocation, { reached, scanned }), status };
    const over: Revocation = { ...revocation, run };
    const told = run.forget === true ? withoutWords(over, deps.dice) : over;
    const sessions = revocation.endedSessions;
    return write({
      rows: [
        { key, expect: row.version, next: revocationToRow(told, row.expires) },
        ...noLongerUnderWay(deps, id, snapshot),
      ],
      facts: [fact(tenant, snapshot.clock, "revocation_completed", { revocation: id, sessions, unreadable })],
      answer: () => OVER,
    });
  });
}

function noLongerUnderWay(
  { issuer: { tenant } }: RevokeManyDeps,
  id: string,
  snapshot: Snapshot,
): readonly RowChange[] {
  const row = snapshot.get(queryRunsKey(tenant));
  const runs = queryRunsFromRow(row);
  return runs.includes(id)
    ? [
        queryRunsRow(
          tenant,
          row,
          runs.filter((one) => one !== id),
        ),
      ]
    : [];
}
