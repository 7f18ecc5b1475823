// Brings the version of a policy that holds now to the sessions that live under an earlier one; or says what would come of it. Deliberate,
// in bounded steps: each goes through some of the sessions, in the order of their ids, and says where the next goes on. A step that is
// repeated finds nothing left to do, so whoever lost the place begins anew. What becomes of each is decided in policy-fate.ts.
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
import { type PolicyRule, rebasedPolicy } from "../sessions/rebase.ts";
import { absoluteEnd, type Session } from "../sessions/session.ts";
import { readable, sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END } from "../sessions/standing.ts";
import { subjectFromRow, subjectKey, subjectToRow } from "../sessions/subject.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { FactDraft, Row, RowChange, RowKey, Snapshot, Store } from "../store/store.ts";
import { type Fate, fateBeside, fateOf, listedBeside, surplusOf } from "./policy-fate.ts";

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
  /** Of those, rows that this release can't read: nobody knows whether they are of this policy. */
  readonly unreadable: number;
  /** Those that live on under other numbers. */
  readonly changed: number;
  /** Those that were over at once. What hangs below them is over with them, and not counted. */
  readonly ended: number;
  readonly endedByClient: Readonly<Record<ClientId, number>>;
  /** The same by the rule that ended them. */
  readonly endedByRule: Readonly<Record<PolicyRule, number>>;
  /** Some of those that ended. */
  readonly sample: readonly SessionId[];
  /** Where the next step goes on; null when this was the last. */
  readonly next: SessionId | null;
}

const SAMPLE = 20;
const AT_ONCE = 64;

/** What applying `policy` would do now. Writes nothing; the policy need not exist. */
export async function previewPolicy(deps: PreviewPolicyDeps, policy: Policy, step: PolicyStep): Promise<PolicyEffect> {
  return walk(deps, step, async (rows) =>
    (await judge(deps, policy, rows)).map(({ session, fate }) => touchedBy(session, fate)),
  );
}

interface Judged {
  readonly key: RowKey;
  readonly session: Session;
  readonly fate: Fate;
}

/** Sessions of the policy that the rows hold, on one snapshot: with those beside them where a subject may have too many. */
async function judge(deps: PreviewPolicyDeps, policy: Policy, rows: readonly Row[]): Promise<readonly Judged[]> {
  const { tenant } = deps.issuer;
  const own = rows.filter((row) => sessionFromRow(row).policy.name === policy.name).map(({ key }) => key);
  if (own.length === 0) return [];
  const first = await deps.store.read([ringKey(tenant), ...own]);
  const beside = subjectsOf(own, first).flatMap((key) => listedBeside(key, policy, first));
  const snapshot =
    beside.length === 0 ? first : await deps.store.read([ringKey(tenant), ...unique([...own, ...beside])]);
  // Of a subject that had fewer sessions a moment ago nobody knows what is beside them.
  const known = subjectsOf(own, snapshot).filter((key) =>
    listedBeside(key, policy, snapshot).every((each) => snapshot.has(each)),
  );
  const surplus = new Set(known.flatMap((key) => surplusOf(key, policy, snapshot).map(({ id }) => id)));
  return own.flatMap((key): Judged[] => {
    const row = snapshot.get(key);
    const session = row === undefined ? undefined : sessionFromRow(row);
    return session === undefined
      ? []
      : [{ key, session, fate: fateBeside(fateOf(session, policy, snapshot), session, surplus) }];
  });
}

function subjectsOf(keys: readonly RowKey[], snapshot: Snapshot): readonly RowKey[] {
  const all = keys.flatMap((key): RowKey[] => {
    const row = snapshot.get(key);
    return row === undefined ? [] : [subjectKey(key.tenant, sessionFromRow(row).subject)];
  });
  return unique(all);
}

function unique(keys: readonly RowKey[]): readonly RowKey[] {
  return [...new Map(keys.map((key) => [key.id, key])).values()];
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
    const judged = await judge(deps, current.policy, rows);
    const touched: Touched[] = [];
    const crowded = judged.filter(({ fate }) => fate.kind === "ended" && fate.by === "limit");
    for (const subject of unique(crowded.map(({ session }) => subjectKey(tenant, session.subject))))
      touched.push(...(await endSurplus(deps, request, subject)));
    const others = judged.filter(
      ({ fate }) => fate.kind !== "untouched" && !(fate.kind === "ended" && fate.by === "limit"),
    );
    for (let from = 0; from < others.length; from += AT_ONCE) {
      const together = others.slice(from, from + AT_ONCE).map((one) => applyToOne(deps, request, one.key));
      touched.push(...(await Promise.all(together)));
    }
    stale ||= touched.some(({ kind }) => kind === "stale");
    return touched;
  });
  return stale ? refused("version_conflict") : granted(effect);
}

type Touched =
  | { readonly kind: "untouched" | "applied" }
  | { readonly kind: "ended"; readonly session: Session; readonly by: PolicyRule }
  | { readonly kind: "stale" };
const UNTOUCHED: Touched = { kind: "untouched" };

function touchedBy(session: Session, fate: Fate): Touched {
  return fate.kind === "ended" ? { ...fate, session } : { kind: fate.kind };
}

/** One after the other, each decided anew: what was too many a moment ago need not be now. */
async function endSurplus(deps: ApplyPolicyDeps, request: ApplyPolicy, key: RowKey): Promise<readonly Touched[]> {
  const touched: Touched[] = [];
  for (;;) {
    const one = await endFirst(deps, request, key);
    if (one.kind !== "untouched") touched.push(one);
    if (one.kind !== "ended") return touched;
  }
}

function endFirst(deps: ApplyPolicyDeps, request: ApplyPolicy, key: RowKey): Promise<Touched> {
  const policyRow = policyKey(key.tenant, request.name);
  return change<Touched>(deps.store, deps.dice, [ringKey(key.tenant), key, policyRow], (snapshot) => {
    const current = currentPolicy(deps.policies, key.tenant, request.name, snapshot);
    if (current?.policy.version !== request.version) return answer({ kind: "stale" });
    const unread = listedBeside(key, current.policy, snapshot).filter((each) => !snapshot.has(each));
    if (unread.length > 0) return { kind: "read", keys: unread };
    const [first] = surplusOf(key, current.policy, snapshot);
    const row = first === undefined ? undefined : snapshot.get(sessionKey(first));
    if (first === undefined || row === undefined) return answer(UNTOUCHED);
    const guards = guardsOf(snapshot, policyRow, key);
    return ends(deps, { row, guards, session: first, policy: current.policy, snapshot, request }, "limit");
  });
}

function guardsOf(snapshot: Snapshot, ...keys: readonly RowKey[]): readonly RowChange[] {
  return keys.map((key) => ({ key, expect: snapshot.get(key)?.version ?? "absent", next: "same" }));
}

function applyToOne(deps: ApplyPolicyDeps, request: ApplyPolicy, key: RowKey): Promise<Touched> {
  const policyRow = policyKey(key.tenant, request.name);
  return change<Touched>(deps.store, deps.dice, [ringKey(key.tenant), key, policyRow], (snapshot) => {
    const current = currentPolicy(deps.policies, key.tenant, request.name, snapshot);
    if (current?.policy.version !== request.version) return answer({ kind: "stale" });
    const row = snapshot.get(key);
    const session = row === undefined ? undefined : sessionFromRow(row);
    if (row === undefined || session === undefined) return answer(UNTOUCHED);
    const fate = fateOf(session, current.policy, snapshot);
    if (fate.kind === "untouched") return answer(UNTOUCHED);
    const one = { row, guards: guardsOf(snapshot, policyRow), session, policy: current.policy, snapshot, request };
    return fate.kind === "ended" ? ends(deps, one, fate.by) : applies(deps, one, fate);
  });
}

interface Case {
  readonly row: Row;
  readonly guards: readonly RowChange[];
  readonly session: Session;
  readonly policy: Policy;
  readonly snapshot: Snapshot;
  readonly request: ApplyPolicy;
}

function appliedFact({ session, policy, snapshot, request }: Case, by: PolicyRule | null): FactDraft {
  return sessionFact(session.tenant, session.id, snapshot.clock, "session_policy_applied", {
    policy: policy.name,
    from: session.policy.version,
    to: policy.version,
    ended_by: by,
    actor: request.actor,
  });
}

/** It keeps the numbers that ended it, though it rotates nothing any more. */
function ends(deps: ApplyPolicyDeps, one: Case, by: PolicyRule): Decision<Touched> {
  const { row, guards, session, policy, snapshot } = one;
  const next: Session = {
    ...session,
    policy: rebasedPolicy(session, policy, true),
    state: { kind: "ended", reason: "policy_applied", at: snapshot.clock },
  };
  const body = { reason: "policy_applied", at_ms: snapshot.clock, revocation: null } as const;
  return write({
    rows: [{ key: row.key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END) }, ...guards],
    notices: [noticeDraft(session.tenant, { kind: "session", sid: session.id }, deps.issuer, deps.dice)],
    facts: [appliedFact(one, by), sessionFact(session.tenant, session.id, snapshot.clock, "session_ended", body)],
    answer: () => ({ kind: "ended", session, by }),
  });
}

/** Access tokens that would outlive the nearer end are outdated: no token outlives its session. */
function applies(
  deps: ApplyPolicyDeps,
  one: Case,
  { next, shortened }: Extract<Fate, { kind: "applied" }>,
): Decision<Touched> {
  const { row, guards, session, snapshot } = one;
  const outlives = shortened && mayOutlive(deps, next, snapshot.clock);
  const rowChange = { key: row.key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END) };
  return write({
    rows: [outlives ? { ...rowChange, raise: true } : rowChange, ...guards, ...listedLonger(one, next)],
    notices: outlives
      ? [noticeDraft(session.tenant, { kind: "outdated", sid: session.id }, deps.issuer, deps.dice)]
      : [],
    facts: [appliedFact(one, null)],
    answer: () => ({ kind: "applied" }),
  });
}

/** The subject's row counts a session until its absolute end (POL-9): a later one has to stand there, too. */
function listedLonger({ session, snapshot }: Case, next: Session): readonly RowChange[] {
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
  const ended: Extract<Touched, { kind: "ended" }>[] = [];
  let [examined, unreadable, changed] = [0, 0, 0];
  let place = after;
  while (examined < limit) {
    const size = Math.min(PAGE, limit - examined);
    const from = place === null ? {} : { after: place };
    const rows = await deps.store.list({ tenant, kind: "session", limit: size, ...from });
    const read = rows.flatMap((row) => readable(row) ?? []);
    unreadable += rows.length - read.length;
    const live = new Set(read.filter(({ state }) => state.kind === "active").map(({ id }) => id));
    const touched = await touch(rows.filter(({ key }) => live.has(key.id as SessionId)));
    changed += touched.filter(({ kind }) => kind === "applied").length;
    ended.push(...touched.filter((one) => one.kind === "ended"));
    examined += rows.length;
    place = (rows.at(-1)?.key.id as SessionId | undefined) ?? place;
    if (rows.length < size) return effectOf({ examined, unreadable, changed }, ended, null);
  }
  return effectOf({ examined, unreadable, changed }, ended, place);
}

const PAGE = 500;

function effectOf(
  counts: Pick<PolicyEffect, "examined" | "unreadable" | "changed">,
  ended: readonly Extract<Touched, { kind: "ended" }>[],
  next: SessionId | null,
): PolicyEffect {
  // No object: a client may be named like what every object has.
  const byClient = new Map<ClientId, number>();
  const endedByRule: Record<PolicyRule, number> = { lifetime: 0, acr: 0, limit: 0 };
  for (const { session, by } of ended) {
    endedByRule[by] += 1;
    for (const client of new Set(session.families.map((family) => family.client)))
      byClient.set(client, (byClient.get(client) ?? 0) + 1);
  }
  const endedByClient = Object.fromEntries(byClient);
  const sample = ended.slice(0, SAMPLE).map(({ session }) => session.id);
  return { ...counts, ended: ended.length, endedByClient, endedByRule, sample, next };
}
