// What a run does with some sessions: each that is meant ends, in one change with its notice, its fact, its place in the list of affected
// and the place of the run. Of a client's cut-off, which has taken everything already, the families that it took are written down and counted.

import { sessionFact } from "../facts.ts";
import type { SessionId } from "../kernel/ids.ts";
import { ringKey } from "../keys/ring.ts";
import { affectedRows } from "../revocation/affected-row.ts";
import type { LargeRun } from "../revocation/large-run.ts";
import { isLostTo } from "../revocation/large-scope.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { isSparedBy, sparedKey } from "../revocation/query-runs.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revocationFromRow, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { isLarge } from "../revocation/target.ts";
import { ended, lapse } from "../sessions/decide.ts";
import type { Session } from "../sessions/session.ts";
import { readable, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { answer, change, write } from "../store/change.ts";
import type { FactDraft, NoticeDraft, Row, RowChange, RowKey, Snapshot } from "../store/store.ts";
import type { RevokeManyDeps } from "./revoke-many.ts";

/** Where a run is: what its row says, and what was looked at since without anything to write down. */
export interface RunPlace {
  readonly reached: SessionId | null;
  readonly scanned: number;
}

/** So that a change keeps within its sixteen rows: the run, whom it ended and whom it could not read. */
export const MOST_AT_ONCE = 13;

export type Running = Revocation & { readonly run: LargeRun };

/** Undefined for a revocation that has no run, or whose run is over. */
export function running(row: Row): Running | undefined {
  const { run, ...revocation } = revocationFromRow(row);
  return run?.status === "running" ? { ...revocation, run } : undefined;
}

export function moved({ run, pos }: Running, { reached, scanned }: RunPlace): LargeRun {
  return { ...run, began: run.began ?? pos, reached, scanned };
}

export function movedTo(row: Row, revocation: Running, place: RunPlace): RowChange {
  if (row.expires === null) throw new Error("a revocation's row never comes due");
  const next = { ...revocation, run: moved(revocation, place) };
  return { key: row.key, expect: row.version, next: revocationToRow(next, row.expires) };
}

/** `place`: where the run is when they are settled; null for sessions that are settled ahead of it. */
export async function endByRun(
  deps: RevokeManyDeps,
  id: string,
  sessions: readonly RowKey[],
  place: RunPlace | null,
): Promise<void> {
  const { tenant } = deps.issuer;
  const key = revocationKey(tenant, id);
  const spared = sessions.map((one) => sparedKey(tenant, one.id as SessionId));
  await change<null>(deps.store, deps.dice, [key, ringKey(tenant), ...sessions, ...spared], (snapshot) => {
    const row = snapshot.get(key);
    const revocation = row === undefined ? undefined : running(row);
    if (row === undefined || revocation === undefined || row.expires === null) return answer(null);
    const shares = sessions.map((one) => shareOf(deps, revocation, one, snapshot));
    const ends = shares.flatMap((share) => (share.kind === "end" ? [share] : []));
    const taken = ends.flatMap((end) => (end.taken === null ? [] : [end.taken]));
    const unreadable = shares.flatMap((share) => (share.kind === "unreadable" ? [share.session] : []));
    const notices = ends.flatMap((end) => end.notices);
    const now = place ?? revocation.run;
    const counted = moved(revocation, now);
    const next = {
      ...revocation,
      endedSessions: revocation.endedSessions + taken.length,
      run:
        unreadable.length === 0 ? counted : { ...counted, unreadable: (counted.unreadable ?? 0) + unreadable.length },
    };
    const of = place === null ? ("besides" as const) : ("ended" as const);
    return write({
      rows: [
        ...ends.flatMap((end) => end.rows),
        ...affectedRows(tenant, { revocation: id, of }, taken, row.expires),
        ...affectedRows(tenant, { revocation: id, of: "unreadable" }, unreadable, row.expires),
        {
          key,
          expect: row.version,
          next: revocationToRow(next, row.expires),
          ...(notices.length > 0 ? { raise: true as const } : {}),
        },
      ],
      notices,
      facts: ends.flatMap((end) => end.facts),
      answer: () => null,
    });
  });
}

interface End {
  readonly kind: "end";
  readonly rows: readonly RowChange[];
  readonly notices: readonly NoticeDraft[];
  readonly facts: readonly FactDraft[];
  /** The session, if it was this revocation that took it. */
  readonly taken: SessionId | null;
}

type Share = End | { readonly kind: "nothing" } | { readonly kind: "unreadable"; readonly session: SessionId };

const NOTHING: Share = { kind: "nothing" };

function shareOf(deps: RevokeManyDeps, revocation: Running, key: RowKey, snapshot: Snapshot): Share {
  const row = snapshot.get(key);
  if (row === undefined) return NOTHING;
  const session = readable(row);
  if (session === undefined) return { kind: "unreadable", session: key.id as SessionId };
  if (session.state.kind === "ended") return NOTHING;
  if (!revocation.targets.some(isLarge)) return familiesOf(revocation, row, session, snapshot);
  const isSpared = isSparedBy(snapshot.get(sparedKey(session.tenant, session.id)), revocation.id);
  return isSpared ? NOTHING : endOf(deps, revocation, row, session, snapshot);
}

/** What seems to be over by its time is written down, too: a clock that jumped ahead may be set right, and what was revoked must not live again. */
function endOf(deps: RevokeManyDeps, revocation: Running, row: Row, session: Session, snapshot: Snapshot): Share {
  const { tenant, id } = session;
  const standing = standingOf(session, snapshot);
  const next: Session | undefined =
    standing.kind === "active" ? ended(session, "revoked", snapshot.clock) : lapsed(session, standing, snapshot);
  if (next?.state.kind !== "ended") return NOTHING;
  const { reason, at } = next.state;
  const taken = standing.kind === "active" || reason === "tenant_revoked";
  const whole = revocation.targets.some(({ kind }) => kind === "tenant");
  const body = { reason, at_ms: at, revocation: taken ? revocation.id : null };
  return {
    kind: "end",
    rows: [{ key: row.key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END) }],
    notices: whole ? [] : [noticeDraft(tenant, { kind: "session", sid: id }, deps.issuer, deps.dice)],
    facts: [sessionFact(tenant, id, snapshot.clock, "session_ended", body)],
    taken: taken ? id : null,
  };
}

function lapsed(session: Session, standing: ReturnType<typeof standingOf>, { clock }: Snapshot): Session | undefined {
  const ruling = lapse(session, standing.kind === "ended" ? standing : null, clock);
  return ruling.kind === "changed" ? ruling.next : undefined;
}

/** Of a session that is over nothing was taken. One that lives may go on with the family of another client. */
function familiesOf({ id, run, pos }: Running, row: Row, session: Session, snapshot: Snapshot): Share {
  if (standingOf(session, snapshot).kind === "ended") return NOTHING;
  const isLost = isLostTo(run.clients ?? [], run.began ?? pos);
  const lost = session.families.filter(isLost);
  if (lost.length === 0) return NOTHING;
  const reason = "client_revoked";
  const families = session.families.map((family) =>
    isLost(family) ? ({ ...family, ended: reason } as const) : family,
  );
  return {
    kind: "end",
    rows: [
      {
        key: row.key,
        expect: row.version,
        next: sessionToRow({ ...session, families }, KEPT_AFTER_END, row.expires),
      },
    ],
    notices: [],
    facts: lost.map((family) =>
      sessionFact(session.tenant, session.id, snapshot.clock, "family_ended", {
        family: family.id,
        reason,
        revocation: id,
      }),
    ),
    taken: session.id,
  };
}
