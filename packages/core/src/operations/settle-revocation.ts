// One step of the run of a large revocation: looks at a page of sessions and ends those that are meant, a few in each change, each with its
// notice, its fact and its place in the list of affected. How far it is stands in the same change, so that whoever goes on after a crash
// counts none twice and forgets none.

import { fact, sessionFact } from "../facts.ts";
import type { SessionId } from "../kernel/ids.ts";
import { ringKey } from "../keys/ring.ts";
import { affectedRow } from "../revocation/affected-row.ts";
import type { LargeRun } from "../revocation/large-run.ts";
import { type LargeScope, largeScope } from "../revocation/large-scope.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revocationFromRow, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { isLarge, type LargeTarget } from "../revocation/target.ts";
import { ended, lapse } from "../sessions/decide.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { FactDraft, NoticeDraft, Row, RowChange, Snapshot } from "../store/store.ts";
import type { RevokeManyDeps } from "./revoke-many.ts";

/** Where a run is: what its row says, and what was looked at since without anything to write down. */
export interface RunPlace {
  readonly reached: SessionId | null;
  readonly scanned: number;
}

export type Step =
  | { readonly kind: "running"; readonly place: RunPlace }
  /** Complete, by this step or before, or not there any more. */
  | { readonly kind: "over" };

/** Rows of one step: about a millisecond. */
const PAGE = 128;
/** So that a change keeps within its sixteen rows. */
const MOST_AT_ONCE = 13;
/** After so many rows without a find the place is written down, for those who ask and for whoever goes on. */
const NOTED_EVERY = 4096;

const OVER: Step = { kind: "over" };

/** Throws Faults of the store; the same step can then be taken again. `place`: what the step before answered, null for the first of this process. */
export async function settleRevocation(deps: RevokeManyDeps, id: string, place: RunPlace | null): Promise<Step> {
  const run = await runningOf(deps, id);
  if (run === undefined) return OVER;
  const { revocation, scope } = run;
  const from = furthest(revocation.run, place);
  const after = from.reached ?? scope.first;
  const { tenant } = deps.issuer;
  const rows = await deps.store.list({
    tenant,
    kind: "session",
    limit: PAGE,
    ...(after === undefined ? {} : { after }),
  });
  const page = rows.filter((row) => !scope.isBeyond(row.key.id));
  const meant = page.filter((row) => isMeant(row, scope));
  for (let at = 0; at < meant.length; at += MOST_AT_ONCE) {
    const some = meant.slice(at, at + MOST_AT_ONCE);
    const last = some.at(-1);
    const looked = last === undefined ? 0 : page.indexOf(last) + 1;
    await endSome(deps, id, some, from.scanned + looked);
  }
  const scanned = from.scanned + page.length;
  const reached = page.at(-1)?.key.id as SessionId | undefined;
  if (page.length < PAGE || reached === undefined) return finish(deps, id, scanned);
  const now = { reached, scanned };
  if (scanned - revocation.run.scanned >= NOTED_EVERY) await note(deps, id, now);
  return { kind: "running", place: now };
}

type Running = Revocation & { readonly run: LargeRun };

async function runningOf(
  deps: RevokeManyDeps,
  id: string,
): Promise<{ readonly revocation: Running; readonly scope: LargeScope } | undefined> {
  const key = revocationKey(deps.issuer.tenant, id);
  const row = (await deps.store.read([key])).get(key);
  const revocation = row === undefined ? undefined : running(row);
  if (revocation === undefined) return undefined;
  const { began, since } = revocation.run;
  // Until the first step has written it down, the row's position is that of the beginning.
  return { revocation, scope: largeScope(targetOf(revocation), began ?? revocation.pos, since, deps.issuer.skew) };
}

function running(row: Row): Running | undefined {
  const { run, ...revocation } = revocationFromRow(row);
  return run === undefined || run.status === "complete" ? undefined : { ...revocation, run };
}

function targetOf({ targets: [target] }: Revocation): LargeTarget {
  if (target === undefined || !isLarge(target)) throw new Error("a run has no large target");
  return target;
}

function furthest(run: LargeRun, place: RunPlace | null): RunPlace {
  return place === null || place.scanned < run.scanned ? run : place;
}

function isMeant(row: Row, { means }: LargeScope): boolean {
  const session = readable(row);
  return session !== undefined && session.state.kind === "active" && means(session);
}

/** A row that this release can't read stops no run: no refresh and no introspection can read it either. */
function readable(row: Row): Session | undefined {
  try {
    return sessionFromRow(row);
  } catch {
    return undefined;
  }
}

async function endSome(deps: RevokeManyDeps, id: string, sessions: readonly Row[], scanned: number): Promise<void> {
  const { tenant } = deps.issuer;
  const keys = sessions.map(({ key }) => key);
  const reached = (keys.at(-1)?.id ?? null) as SessionId | null;
  await change<null>(deps.store, deps.dice, [revocationKey(tenant, id), ringKey(tenant), ...keys], (snapshot) => {
    const row = snapshot.get(revocationKey(tenant, id));
    const revocation = row === undefined ? undefined : running(row);
    if (row === undefined || revocation === undefined) return answer(null);
    const ends = keys.flatMap((key) => {
      const found = snapshot.get(key);
      return found === undefined ? [] : endOf(deps, revocation, found, snapshot);
    });
    return written(deps, row, revocation, ends, { reached, scanned });
  });
}

interface End {
  readonly row: RowChange;
  readonly notices: readonly NoticeDraft[];
  readonly fact: FactDraft;
  /** The session, if it was this revocation that ended it. */
  readonly taken: SessionId | null;
}

/** What seems to be over by its time is written down, too: a clock that jumped ahead may be set right, and what was revoked must not live again. */
function endOf(deps: RevokeManyDeps, revocation: Running, row: Row, snapshot: Snapshot): readonly End[] {
  const session = sessionFromRow(row);
  if (session.state.kind === "ended") return [];
  const { tenant, id } = session;
  const standing = standingOf(session, snapshot);
  const next: Session | undefined =
    standing.kind === "active" ? ended(session, "revoked", snapshot.clock) : lapsed(session, standing, snapshot);
  if (next?.state.kind !== "ended") return [];
  const { reason, at } = next.state;
  const taken = standing.kind === "active" || reason === "tenant_revoked";
  const whole = targetOf(revocation).kind === "tenant";
  return [
    {
      row: { key: row.key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END) },
      notices: whole ? [] : [noticeDraft(tenant, { kind: "session", sid: id }, deps.issuer, deps.dice)],
      fact: sessionFact(tenant, id, snapshot.clock, "session_ended", {
        reason,
        at_ms: at,
        revocation: taken ? revocation.id : null,
      }),
      taken: taken ? id : null,
    },
  ];
}

function lapsed(session: Session, standing: ReturnType<typeof standingOf>, { clock }: Snapshot): Session | undefined {
  const ruling = lapse(session, standing.kind === "ended" ? standing : null, clock);
  return ruling.kind === "changed" ? ruling.next : undefined;
}

function written(
  deps: RevokeManyDeps,
  row: Row,
  revocation: Running,
  ends: readonly End[],
  place: RunPlace,
): Decision<null> {
  const { tenant } = deps.issuer;
  const [first, ...more] = ends.flatMap(({ taken }) => (taken === null ? [] : [taken]));
  const taken = first === undefined ? 0 : more.length + 1;
  const notices = ends.flatMap((end) => end.notices);
  const next = { ...revocation, endedSessions: revocation.endedSessions + taken, run: moved(revocation, place) };
  const expires = row.expires;
  if (expires === null) throw new Error("a revocation's row never comes due");
  return write({
    rows: [
      ...ends.map((end) => end.row),
      ...(first === undefined ? [] : [affectedRow(tenant, revocation.id, [first, ...more], expires)]),
      {
        key: row.key,
        expect: row.version,
        next: revocationToRow(next, expires),
        ...(notices.length > 0 ? { raise: true as const } : {}),
      },
    ],
    notices,
    facts: ends.map((end) => end.fact),
    answer: () => null,
  });
}

function moved({ run, pos }: Running, { reached, scanned }: RunPlace): LargeRun {
  return { ...run, began: run.began ?? pos, reached, scanned };
}

async function note(deps: RevokeManyDeps, id: string, place: RunPlace): Promise<void> {
  const key = revocationKey(deps.issuer.tenant, id);
  await change<null>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const revocation = row === undefined ? undefined : running(row);
    return row === undefined || revocation === undefined ? answer(null) : written(deps, row, revocation, [], place);
  });
}

async function finish(deps: RevokeManyDeps, id: string, scanned: number): Promise<Step> {
  const { tenant } = deps.issuer;
  const key = revocationKey(tenant, id);
  return change<Step>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const revocation = row === undefined ? undefined : running(row);
    if (row === undefined || revocation === undefined || row.expires === null) return answer(OVER);
    const run = { ...moved(revocation, { reached: revocation.run.reached, scanned }), status: "complete" as const };
    return write({
      rows: [{ key, expect: row.version, next: revocationToRow({ ...revocation, run }, row.expires) }],
      facts: [
        fact(tenant, snapshot.clock, "revocation_completed", { revocation: id, sessions: revocation.endedSessions }),
      ],
      answer: () => OVER,
    });
  });
}
