// A session changes while a revocation by query is under way. The set was decided when the run began, so the run must not look at what came
// later: a session that is in the set and would leave it is ended before it changes, and one that would come into it is marked as outside.
// Both are decided in the change itself, which compares the list of runs: a run begins before it or after it, never in between.

import type { SessionId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { isSparedBy, queryRunsFromRow, queryRunsKey, sparedKey, sparedRow } from "../revocation/query-runs.ts";
import { RECEIPT_KEPT, revocationKey } from "../revocation/revocation-row.ts";
import type { Session } from "../sessions/session.ts";
import type { RowChange, RowKey, Snapshot } from "../store/store.ts";
import { type Running, running } from "./end-by-run.ts";
import type { RevokeManyDeps } from "./revoke-many.ts";
import { scopeOf } from "./settle-revocation.ts";

export type BesideRuns =
  | { readonly kind: "read"; readonly keys: readonly RowKey[] }
  /** The session is in the set of this run. */
  | { readonly kind: "meant"; readonly revocation: string }
  /** What the change has to hold besides its own. */
  | { readonly kind: "outside"; readonly rows: readonly RowChange[] };

/** The snapshot was read with `queryRunsKey`. */
export function besideRuns(
  deps: Pick<RevokeManyDeps, "issuer">,
  before: Session,
  next: Session,
  snapshot: Snapshot,
): BesideRuns {
  if (sameToQueries(before, next)) return { kind: "outside", rows: [] };
  const { tenant } = deps.issuer;
  const list = snapshot.get(queryRunsKey(tenant));
  const guard: RowChange = { key: queryRunsKey(tenant), expect: list?.version ?? "absent", next: "same" };
  const ids = queryRunsFromRow(list);
  if (ids.length === 0) return { kind: "outside", rows: [guard] };
  const mark = sparedKey(tenant, before.id);
  const keys = [mark, ...ids.map((id) => revocationKey(tenant, id))].filter((key) => !snapshot.has(key));
  if (keys.length > 0) return { kind: "read", keys };
  const spared = snapshot.get(mark);
  const ahead = ids
    .flatMap((id) => runAhead(deps, id, before.id, snapshot))
    .filter(({ id }) => !isSparedBy(spared, id));
  const meant = ahead.find((run) => scopeOf(deps, run).means(before));
  if (meant !== undefined) return { kind: "meant", revocation: meant.id };
  const runs = ahead.filter((run) => scopeOf(deps, run).means(next)).map(({ id }) => id);
  const expires = afterMs(snapshot.clock, RECEIPT_KEPT);
  const marks = runs.length === 0 ? [] : [sparedRow(tenant, before.id, spared, { runs, expires })];
  return { kind: "outside", rows: [guard, ...marks] };
}

/** None that is over, or has come past the session already. */
function runAhead(
  { issuer: { tenant } }: Pick<RevokeManyDeps, "issuer">,
  id: string,
  session: SessionId,
  snapshot: Snapshot,
): readonly Running[] {
  const row = snapshot.get(revocationKey(tenant, id));
  const run = row === undefined ? undefined : running(row);
  return run === undefined || (run.run.reached !== null && session <= run.run.reached) ? [] : [run];
}

/** What a session can change of that a query asks for (sessions/session-query.ts); its activity is looked at as it was. */
function sameToQueries(before: Session, next: Session): boolean {
  return before.acr === next.acr && JSON.stringify(before.device) === JSON.stringify(next.device);
}
