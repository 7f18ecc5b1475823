// Brings the version of a policy that holds now to the sessions that live under an earlier one; or says what would come of it. Deliberate,
// in bounded steps: each goes through some of the sessions, in the order of their ids, and says where the next goes on. A step that is
// repeated finds nothing left to do, so whoever lost the place begins anew.
// No opening can slip through: each compares the policy's row, so none under the earlier version commits after the edit.

import { sessionFact } from "../facts.ts";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import type { Policy } from "../sessions/policy.ts";
import { currentPolicy, type PolicyName, policyKey } from "../sessions/policy-row.ts";
import { rebase } from "../sessions/rebase.ts";
import { absoluteEnd, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { subjectFromRow, subjectKey, subjectToRow } from "../sessions/subject.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { Row, RowChange, Snapshot, Store } from "../store/store.ts";

export interface PreviewPolicyDeps {
  readonly store: Store;
  readonly issuer: Issuer;
}

export interface ApplyPolicyDeps extends PreviewPolicyDeps {
  readonly dice: Dice;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** Which sessions a step goes through: the next `limit` after that id. */
export interface PolicyStep {
  readonly after: SessionId | null;
  readonly limit: number;
}

/** What a step did, or would do. */
export interface PolicyEffect {
  /** Sessions that were looked at, of any policy, dead or alive. */
  readonly examined: number;
  /** Those that live on under other numbers. */
  readonly changed: number;
  /** Those that were over at once. What hangs below them is over with them, and not counted. */
  readonly ended: number;
  readonly endedByClient: Readonly<Record<ClientId, number>>;
  /** Some of those that ended. */
  readonly sample: readonly SessionId[];
  /** Where the next step goes on; null when this was the last. */
  readonly next: SessionId | null;
}

const SAMPLE = 20;
const AT_ONCE = 64;

/** What applying `policy` would do now. Writes nothing; the policy need not exist. */
export async function previewPolicy(deps: PreviewPolicyDeps, policy: Policy, step: PolicyStep): Promise<PolicyEffect> {
  return walk(deps, step, async (rows) => {
    const own = rows.filter((row) => sessionFromRow(row).policy.name === policy.name);
    const snapshot = await deps.store.read([ringKey(deps.issuer.tenant), ...own.map(({ key }) => key)]);
    return own.map(({ key }): Touched => {
      const row = snapshot.get(key);
      const session = row === undefined ? undefined : sessionFromRow(row);
      if (session === undefined || standingOf(session, snapshot).kind === "ended") return UNTOUCHED;
      return { kind: rebase(session, policy, snapshot.clock).kind, session };
    });
  });
}

export interface ApplyPolicy extends PolicyStep {
  readonly name: PolicyName;
  /** The version that was previewed. */
  readonly version: number;
  readonly actor: string | null;
}

/** Refuses `policy_not_found`, and `version_conflict` when another version holds by now: what was done until then stays. */
export async function applyPolicy(deps: ApplyPolicyDeps, request: ApplyPolicy): Promise<Answer<PolicyEffect>> {
  const { tenant } = deps.issuer;
  const key = policyKey(tenant, request.name);
  const current = currentPolicy(deps.policies, tenant, request.name, await deps.store.read([key]));
  if (current === undefined) return refused("policy_not_found");
  if (current.policy.version !== request.version) return refused("version_conflict");
  let stale = false;
  const effect = await walk(deps, request, async (rows) => {
    const own = rows.filter((row) => rebase(sessionFromRow(row), current.policy, EARLIEST).kind !== "untouched");
    const touched: Touched[] = [];
    for (let from = 0; from < own.length; from += AT_ONCE) {
      const together = own.slice(from, from + AT_ONCE).map((row) => applyToOne(deps, request, row));
      touched.push(...(await Promise.all(together)));
    }
    stale ||= touched.some(({ kind }) => kind === "stale");
    return touched;
  });
  return stale ? refused("version_conflict") : granted(effect);
}

type Touched =
  | { readonly kind: "untouched" | "applied" | "ended"; readonly session: Session | null }
  | { readonly kind: "stale" };
const UNTOUCHED: Touched = { kind: "untouched", session: null };
/** Before anything is over by its time: whether numbers differ is asked without a clock. */
const EARLIEST = 0 as Instant;

function applyToOne(deps: ApplyPolicyDeps, request: ApplyPolicy, { key }: Row): Promise<Touched> {
  const policyRow = policyKey(key.tenant, request.name);
  return change<Touched>(deps.store, deps.dice, [ringKey(key.tenant), key, policyRow], (snapshot) => {
    const current = currentPolicy(deps.policies, key.tenant, request.name, snapshot);
    if (current?.policy.version !== request.version) return answer({ kind: "stale" });
    const row = snapshot.get(key);
    const session = row === undefined ? undefined : sessionFromRow(row);
    if (row === undefined || session === undefined) return answer(UNTOUCHED);
    if (standingOf(session, snapshot).kind === "ended") return answer(UNTOUCHED);
    const rebased = rebase(session, current.policy, snapshot.clock);
    if (rebased.kind === "untouched") return answer(UNTOUCHED);
    const guard: RowChange = { key: policyRow, expect: snapshot.get(policyRow)?.version ?? "absent", next: "same" };
    return rebased.kind === "ended"
      ? ends(deps, { row, guard, session, next: rebased.next, snapshot, request })
      : applies(deps, { row, guard, session, next: rebased.next, snapshot, request }, rebased.shortened);
  });
}

interface Case {
  readonly row: Row;
  readonly guard: RowChange;
  readonly session: Session;
  readonly next: Session;
  readonly snapshot: Snapshot;
  readonly request: ApplyPolicy;
}

function appliedFact({ session, next, snapshot, request }: Case): ReturnType<typeof sessionFact> {
  return sessionFact(session.tenant, session.id, snapshot.clock, "session_policy_applied", {
    policy: next.policy.name,
    from: session.policy.version,
    to: next.policy.version,
    actor: request.actor,
  });
}

function ends(deps: ApplyPolicyDeps, one: Case): Decision<Touched> {
  const { row, guard, session, next, snapshot } = one;
  const body = { reason: "policy_applied", at_ms: snapshot.clock, revocation: null } as const;
  return write({
    rows: [{ key: row.key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END) }, guard],
    notices: [noticeDraft(session.tenant, { kind: "session", sid: session.id }, deps.issuer, deps.dice)],
    facts: [appliedFact(one), sessionFact(session.tenant, session.id, snapshot.clock, "session_ended", body)],
    answer: () => ({ kind: "ended", session }),
  });
}

/** Access tokens that would outlive the nearer end are outdated: no token outlives its session. */
function applies(deps: ApplyPolicyDeps, one: Case, shortened: boolean): Decision<Touched> {
  const { row, guard, session, next, snapshot } = one;
  const outlives = shortened && mayOutlive(deps, next, snapshot.clock);
  const rowChange = { key: row.key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END) };
  return write({
    rows: [outlives ? { ...rowChange, raise: true } : rowChange, guard, ...listedLonger(one)],
    notices: outlives
      ? [noticeDraft(session.tenant, { kind: "outdated", sid: session.id }, deps.issuer, deps.dice)]
      : [],
    facts: [appliedFact(one)],
    answer: () => ({ kind: "applied", session }),
  });
}

/** The subject's row counts a session until its absolute end (POL-9): a later one has to stand there, too. */
function listedLonger({ session, next, snapshot }: Case): readonly RowChange[] {
  const until = absoluteEnd(next);
  const key = subjectKey(session.tenant, session.subject);
  const row = snapshot.get(key);
  if (row === undefined || until <= absoluteEnd(session)) return [];
  const found = subjectFromRow(row);
  const sessions = found.sessions.map((each) => (each.id === session.id ? { ...each, until } : each));
  return [{ key, expect: row.version, next: subjectToRow({ ...found, sessions }) }];
}

function mayOutlive({ issuer }: ApplyPolicyDeps, session: Session, now: Instant): boolean {
  return absoluteEnd(session) < afterMs(now, issuer.longestToken * 1000);
}

/** Goes through a step's sessions; rows that can't matter are let go before anything is asked of them. */
async function walk(
  deps: PreviewPolicyDeps,
  { after, limit }: PolicyStep,
  touch: (rows: readonly Row[]) => Promise<readonly Touched[]>,
): Promise<PolicyEffect> {
  const { tenant } = deps.issuer;
  const ended: Session[] = [];
  let [examined, changed] = [0, 0];
  let place = after;
  while (examined < limit) {
    const size = Math.min(PAGE, limit - examined);
    const from = place === null ? {} : { after: place };
    const rows = await deps.store.list({ tenant, kind: "session", limit: size, ...from });
    const touched = await touch(rows.filter((row) => sessionFromRow(row).state.kind === "active"));
    changed += touched.filter(({ kind }) => kind === "applied").length;
    ended.push(...touched.flatMap((one) => (one.kind === "ended" && one.session !== null ? [one.session] : [])));
    examined += rows.length;
    place = (rows.at(-1)?.key.id as SessionId | undefined) ?? place;
    if (rows.length < size) return effectOf(examined, changed, ended, null);
  }
  return effectOf(examined, changed, ended, place);
}

const PAGE = 500;

function effectOf(examined: number, changed: number, ended: readonly Session[], next: SessionId | null): PolicyEffect {
  const endedByClient: Record<string, number> = {};
  for (const { families } of ended) {
    for (const client of new Set(families.map((family) => family.client)))
      endedByClient[client] = (endedByClient[client] ?? 0) + 1;
  }
  const sample = ended.slice(0, SAMPLE).map(({ id }) => id);
  return { examined, changed, ended: ended.length, endedByClient, sample, next };
}
