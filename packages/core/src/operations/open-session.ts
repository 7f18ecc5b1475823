// Opens a session for a subject whom the app has authenticated. Session, subject (the exact limit), evictions and the memory of the
// idempotency key are one change: a retry gets the same session and the same refresh token, never a second session.

import { encodeBase64url, type JsonObject, uuidv7 } from "@hallpass/protocol";
import { grantedAudience, grantedScope } from "../clients/client.ts";
import { clientFromRow, clientKey, signingAlgIn } from "../clients/client-row.ts";
import { sessionFact } from "../facts.ts";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, type RefusalCode, refused } from "../kernel/refusal.ts";
import { type Instant, isPast, secondsOf } from "../kernel/time.ts";
import { type KeyRing, type OpenKeys, ringKey } from "../keys/ring.ts";
import { claimsRefusal } from "../sessions/own-claims.ts";
import { type Policy, sessionPolicyOf } from "../sessions/policy.ts";
import { currentPolicy, type PolicyName, parsePolicyName, policyKey } from "../sessions/policy-row.ts";
import { absoluteEnd, type Device, type Family, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { liesAhead } from "../sessions/sign-in-time.ts";
import { familyStanding, KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { isBlocked, subjectFromRow, subjectKey } from "../sessions/subject.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { RowChange, RowKey, Snapshot, Store } from "../store/store.ts";
import { nextSessionToken } from "../tokens/session-token.ts";
import { type Idempotency, idempotencyKey, rememberedFromRow, rememberedRow } from "./idempotency.ts";
import {
  type DraftedTokens,
  draftedAlwaysFit,
  draftForSession,
  type Issue,
  type IssuedTokens,
  signTokens,
} from "./issue-for-session.ts";
import { makeRoom } from "./make-room.ts";
import { claimsWith, guestOf, type Replaces, replacing } from "./replace-session.ts";

export interface OpenSessionDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
  readonly policies: ReadonlyMap<string, Policy>;
}

export interface OpenSession {
  readonly subject: SubjectId;
  readonly client: ClientId;
  readonly issue: Issue;
  readonly audience: readonly string[] | undefined;
  readonly scope: readonly string[] | undefined;
  readonly acr: string | null;
  readonly amr: readonly string[];
  readonly authTime: number | null;
  /** The client's policy when absent. */
  readonly policy: string | undefined;
  /** Opens it with the longer times that the policy has for sessions whose owner asked to be remembered. */
  readonly remember: boolean;
  readonly parent: SessionId | null;
  /** The session that ends with this opening: a guest's, at the sign-in. */
  readonly replaces: Replaces | null;
  readonly device: Device | null;
  readonly claims: JsonObject;
  readonly actor: string | null;
  readonly idempotency: Idempotency | null;
}

export interface OpenedSession {
  readonly session: Session;
  readonly tokens: IssuedTokens;
  /** Sessions of the subject that had to end, so that it keeps within its limit; oldest first. */
  readonly evicted: readonly SessionId[];
  /** Whether this answers a retry of a request that was answered before. */
  readonly replayed: boolean;
}

/** What is committed: everything but the access token's signature. */
type Settled = Omit<OpenedSession, "tokens"> & { readonly tokens: DraftedTokens };

interface Random {
  readonly session: Uint8Array;
  readonly family: Uint8Array;
  readonly seed: Uint8Array;
}

const MAX_DEPTH = 8;

/** Refuses an unknown client, policy, parent or session to replace, scope or audience beyond the client's, an `acr` that the policy does not take, a sign-in that lies ahead, reserved or too many claims, a full or a blocked subject. Throws Faults of the store. */
export async function openSession(
  deps: OpenSessionDeps,
  request: OpenSession,
  rows: readonly RowKey[] = openingRows(deps, request),
): Promise<Answer<OpenedSession>> {
  const settled = await settle(deps, request, rows);
  return settled.ok ? granted({ ...settled.value, tokens: await signTokens(settled.value.tokens) }) : settled;
}

async function settle(deps: OpenSessionDeps, request: OpenSession, rows: readonly RowKey[]): Promise<Answer<Settled>> {
  const random = { session: deps.dice.bytes(10), family: deps.dice.bytes(4), seed: deps.dice.bytes(16) };
  const cleared: SessionId[] = [];
  for (;;) {
    const outcome = await change<Outcome>(deps.store, deps.dice, rows, (snapshot) =>
      attempt(deps, request, snapshot, random, cleared),
    );
    if (outcome.kind === "settled") return outcome.answer;
    cleared.push(...outcome.evicted);
  }
}

type Outcome =
  | { readonly kind: "settled"; readonly answer: Answer<Settled> }
  /** Some had to go before there is room: ask again. */
  | { readonly kind: "cleared"; readonly evicted: readonly SessionId[] };

function settledWith(answered: Answer<Settled>): Outcome {
  return { kind: "settled", answer: answered };
}

function refuse(code: RefusalCode): Decision<Outcome> {
  return answer(settledWith(refused(code)));
}

function attempt(
  deps: OpenSessionDeps,
  request: OpenSession,
  snapshot: Snapshot,
  random: Random,
  cleared: readonly SessionId[],
): Decision<Outcome> {
  const { tenant } = deps.issuer;
  const replay = replayOf(deps, request, snapshot);
  if (replay !== undefined) return replay;
  const named = policyNamed(deps, request, snapshot);
  if ("code" in named) return refuse(named.code);
  if ("keys" in named) return named;
  const { policy } = named;
  const guest = guestOf(tenant, request, snapshot);
  if (guest !== null && "code" in guest) return refuse(guest.code);
  const claims = claimsWith(guest, request);
  const wrong = claimsRefusal(claims);
  if (wrong !== undefined) return refuse(wrong);
  const keys = deps.keys.open(snapshot);
  const session = prepare(deps, { ...request, claims }, policy, snapshot, keys, random);
  if ("code" in session) return refuse(session.code);
  const room = makeRoom({ deps, session, policy, replaced: request.replaces?.session ?? null, snapshot });
  if (room.kind === "read") return room;
  if (room.kind === "refused") return refuse(room.code);
  const [family] = session.families;
  if (family === undefined) throw new Error("a session was opened without a family");
  const tokens = draftForSession(deps, {
    session,
    family,
    issue: request.issue,
    snapshot,
    keys,
    alg: signingAlgIn(snapshot, tenant, request.client),
  });
  if (tokens === undefined || !draftedAlwaysFit(deps.issuer, { session, snapshot }, tokens))
    return refuse("token_too_large");
  if (room.kind === "crowded") return write({ ...room, answer: () => ({ kind: "cleared", evicted: room.evicted }) });
  const evicted = [...cleared, ...room.evicted];
  const ended = replacing(deps, guest, session, snapshot);
  const compared = [clientKey(tenant, request.client), policyKey(tenant, policy.name), ...parentOf(session)];
  const remembered = { session: session.id, family: family.id, evicted };
  return write({
    rows: [
      { key: sessionKey(session), expect: "absent", next: sessionToRow(session, KEPT_AFTER_END) },
      ...room.rows,
      ...compared.map((key): RowChange => ({ key, expect: snapshot.get(key)?.version ?? "absent", next: "same" })),
      ...ended.rows,
      ...(request.idempotency === null ? [] : [rememberedRow(tenant, request.idempotency, remembered, snapshot)]),
    ],
    notices: [...ended.notices, ...room.notices],
    facts: [
      sessionFact(tenant, session.id, snapshot.clock, "session_opened", {
        client: request.client,
        family: family.id,
        policy: policy.name,
        parent: request.parent,
        replaces: request.replaces?.session ?? null,
        actor: request.actor,
      }),
      ...ended.facts,
      ...room.facts,
    ],
    answer: () => settledWith(granted({ session, tokens, evicted, replayed: false })),
  });
}

/** What is asked for first, and mostly all: whoever reads for the caller anyhow may read it along. */
export function openingRows(deps: Pick<OpenSessionDeps, "issuer" | "policies">, request: Named): readonly RowKey[] {
  const { tenant } = deps.issuer;
  const policy = likelyPolicy(deps, request);
  return [
    ringKey(tenant),
    clientKey(tenant, request.client),
    subjectKey(tenant, request.subject),
    ...(policy === undefined ? [] : [policyKey(tenant, policy)]),
    ...sessionsNamed(request).map((id) => sessionKey({ tenant, id })),
    ...(request.idempotency === null ? [] : [idempotencyKey(tenant, request.idempotency)]),
  ];
}

const NONE: readonly SessionId[] = [];

type Named = Pick<OpenSession, "subject" | "client" | "policy" | "parent" | "replaces" | "idempotency">;

/** Of each server's policies, the one that a client had last: with it, one look is enough, and a client that has got another is looked at twice. */
const lastPolicies = new WeakMap<OpenSessionDeps["policies"], Map<ClientId, PolicyName>>();
const MOST_REMEMBERED = 1000;

function likelyPolicy(
  { policies }: Pick<OpenSessionDeps, "policies">,
  { client, policy }: Named,
): PolicyName | undefined {
  return policy === undefined ? lastPolicies.get(policies)?.get(client) : parsePolicyName(policy);
}

function rememberPolicy({ policies }: OpenSessionDeps, client: ClientId, name: PolicyName): void {
  const known = lastPolicies.get(policies) ?? new Map<ClientId, PolicyName>();
  if (known.get(client) === name) return;
  if (known.size >= MOST_REMEMBERED) known.clear();
  lastPolicies.set(policies, known.set(client, name));
}

function sessionsNamed({ parent, replaces }: Named): readonly SessionId[] {
  if (parent === null && replaces === null) return NONE;
  return [...new Set([parent, replaces?.session ?? null].filter((id) => id !== null))];
}

/** The version that holds now of the policy that the caller or the client names. */
function policyNamed(
  deps: OpenSessionDeps,
  request: OpenSession,
  snapshot: Snapshot,
):
  | { readonly policy: Policy }
  | { readonly code: RefusalCode }
  | { readonly kind: "read"; readonly keys: readonly RowKey[] } {
  const { tenant } = deps.issuer;
  const row = snapshot.get(clientKey(tenant, request.client));
  if (row === undefined) return { code: "client_not_found" };
  const name = parsePolicyName(request.policy ?? clientFromRow(row).policy);
  if (name === undefined) return { code: "policy_unknown" };
  if (request.policy === undefined) rememberPolicy(deps, request.client, name);
  const key = policyKey(tenant, name);
  if (!snapshot.has(key)) return { kind: "read", keys: [key] };
  const current = currentPolicy(deps.policies, tenant, name, snapshot);
  return current === undefined ? { code: "policy_unknown" } : { policy: current.policy };
}

/** The answer that the same key got before, if it did: the same session and refresh token, a fresh access token. */
function replayOf(deps: OpenSessionDeps, request: OpenSession, snapshot: Snapshot): Decision<Outcome> | undefined {
  if (request.idempotency === null) return undefined;
  const { tenant } = deps.issuer;
  const row = snapshot.get(idempotencyKey(tenant, request.idempotency));
  // At the instant that ends its day the key is new, swept or not (IDEM-1).
  if (row === undefined || (row.expires !== null && isPast(row.expires, snapshot.clock))) return undefined;
  const remembered = rememberedFromRow(row);
  if (remembered.fingerprint !== request.idempotency.fingerprint) return refuse("idempotency_key_reused");
  const key = sessionKey({ tenant, id: remembered.session });
  if (!snapshot.has(key)) return { kind: "read", keys: [key] };
  const found = snapshot.get(key);
  if (found === undefined) return refuse("session_not_found");
  const session = sessionFromRow(found);
  if (standingOf(session, snapshot).kind === "ended") return refuse("session_over");
  const family = session.families.find((one) => one.id === remembered.family);
  if (family === undefined) return refuse("session_over");
  if (family.ended !== null || familyStanding(session, family, snapshot) !== undefined) return refuse("session_over");
  const tokens = draftForSession(deps, {
    session,
    family,
    issue: request.issue,
    snapshot,
    keys: deps.keys.open(snapshot),
    alg: signingAlgIn(snapshot, tenant, request.client),
  });
  if (tokens === undefined) return refuse("token_too_large");
  return answer(settledWith(granted({ session, tokens, evicted: remembered.evicted, replayed: true })));
}

function prepare(
  deps: OpenSessionDeps,
  request: OpenSession,
  policy: Policy,
  snapshot: Snapshot,
  keys: OpenKeys,
  random: Random,
): Session | { readonly code: RefusalCode } {
  const { tenant } = deps.issuer;
  const row = snapshot.get(clientKey(tenant, request.client));
  if (row === undefined) return { code: "client_not_found" };
  const client = clientFromRow(row);
  if (client.status === "disabled") return { code: "client_disabled" };
  if (request.issue.refresh && !client.grants.includes("refresh_token")) return { code: "grant_not_allowed" };
  const scope = grantedScope(client, request.scope);
  if (scope === undefined) return { code: "scope_not_allowed" };
  const audience = grantedAudience(client, request.audience);
  if (audience === undefined) return { code: "audience_not_allowed" };
  const chosen = sessionPolicyOf(policy, request.remember);
  if (chosen === undefined) return { code: "remember_not_allowed" };
  if (policy.requiredAcr.length > 0 && !policy.requiredAcr.includes(request.acr ?? "")) return { code: "acr_too_low" };
  if (liesAhead(request.authTime, snapshot.clock)) return { code: "auth_time_ahead" };
  if (policy.rotation === "off" && client.authentication === "none") return { code: "rotation_required" };
  const subject = subjectFromRow(snapshot.get(subjectKey(tenant, request.subject)));
  if (isBlocked(subject, snapshot.clock)) return { code: "subject_blocked" };
  const line = ancestryOf(request, snapshot, tenant);
  if ("code" in line) return line;
  const now = snapshot.clock;
  const absolute =
    line.notAfter === null ? chosen.absolute : Math.min(chosen.absolute, Math.floor((line.notAfter - now) / 1000));
  if (absolute <= 0) return { code: "parent_over" };
  const family: Family = {
    id: encodeBase64url(random.family) as FamilyId,
    client: client.id,
    born: snapshot.head.pos,
    generation: 1,
    rotatedAt: now,
    superseded: [],
    macKid: keys.mac.currentKid,
    scope,
    audience,
    ended: null,
  };
  const session: Session = {
    id: uuidv7(now, random.session) as SessionId,
    tenant,
    subject: request.subject,
    seed: random.seed,
    born: snapshot.head.pos,
    ancestors: line.ancestors,
    acr: request.acr,
    amr: request.amr,
    authTime: request.authTime,
    device: request.device,
    claims: request.claims,
    policy: { ...chosen, absolute: secondsOf(absolute) },
    opened: now,
    lastActive: now,
    families: [family],
    token: null,
    state: { kind: "active" },
  };
  const token = request.issue.sessionToken === true ? nextSessionToken(keys.mac, session, family.id, null) : null;
  return { ...session, token };
}

/** A child belongs to its parent's subject and never outlives it. */
function ancestryOf(
  request: OpenSession,
  snapshot: Snapshot,
  tenant: Session["tenant"],
): { readonly ancestors: readonly SessionId[]; readonly notAfter: Instant | null } | { readonly code: RefusalCode } {
  if (request.parent === null) return { ancestors: [], notAfter: null };
  const row = snapshot.get(sessionKey({ tenant, id: request.parent }));
  const parent = row === undefined ? undefined : sessionFromRow(row);
  if (parent === undefined || parent.subject !== request.subject) return { code: "parent_not_found" };
  if (standingOf(parent, snapshot).kind === "ended") return { code: "parent_over" };
  const ancestors = [parent.id, ...parent.ancestors];
  if (ancestors.some((id) => id === request.replaces?.session)) return { code: "parent_over" };
  return ancestors.length > MAX_DEPTH ? { code: "too_deep" } : { ancestors, notAfter: absoluteEnd(parent) };
}

/** The parent must not end between the snapshot and the commit. Its own ancestors need no guard: a child checks them at every refresh. */
function parentOf({ tenant, ancestors }: Session): readonly RowKey[] {
  return ancestors.slice(0, 1).map((id) => sessionKey({ tenant, id }));
}
