// Opens a session for a subject whom the app has authenticated. Session, subject (the exact limit), evictions and the memory of the
// idempotency key are one change: a retry gets the same session and the same refresh token, never a second session.

import { encodeBase64url, type JsonObject, RESERVED_CLAIMS, uuidv7 } from "@hallpass/protocol";
import { grantedAudience, grantedScope } from "../clients/client.ts";
import { clientFromRow, clientKey, signingAlgIn } from "../clients/client-row.ts";
import { sessionFact } from "../facts.ts";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, type RefusalCode, refused } from "../kernel/refusal.ts";
import { type Instant, secondsOf } from "../kernel/time.ts";
import { type KeyRing, type OpenKeys, ringKey } from "../keys/ring.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { decide } from "../sessions/decide.ts";
import { type Policy, sessionPolicyOf } from "../sessions/policy.ts";
import { absoluteEnd, type Device, type Family, MAX_SESSION_CLAIMS, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { familyStanding, KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { type SubjectSession, subjectFromRow, subjectKey, subjectToRow, unexpired } from "../sessions/subject.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { RowChange, RowKey, Snapshot, Store } from "../store/store.ts";
import { nextSessionToken } from "../tokens/session-token.ts";
import { type Idempotency, idempotencyKey, rememberedFromRow, rememberedRow } from "./idempotency.ts";
import {
  type DraftedTokens,
  draftForSession,
  type Issue,
  type IssuedTokens,
  signTokens,
  tokensAlwaysFit,
} from "./issue-for-session.ts";

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
  readonly device: Device | null;
  readonly claims: JsonObject;
  readonly actor: string | null;
  readonly idempotency: Idempotency | null;
}

export interface OpenedSession {
  readonly session: Session;
  readonly tokens: IssuedTokens;
  /** Whether this answers a retry of a request that was answered before. */
  readonly replayed: boolean;
}

/** What is committed: everything but the access token's signature. */
type Settled = Omit<OpenedSession, "tokens"> & { readonly tokens: DraftedTokens };

const MAX_DEPTH = 8;

/** Refuses an unknown client, policy or parent, scope or audience beyond the client's, reserved or too many claims, a full subject. Throws Faults of the store. */
export async function openSession(deps: OpenSessionDeps, request: OpenSession): Promise<Answer<OpenedSession>> {
  const settled = await settle(deps, request);
  return settled.ok ? granted({ ...settled.value, tokens: await signTokens(settled.value.tokens) }) : settled;
}

async function settle(deps: OpenSessionDeps, request: OpenSession): Promise<Answer<Settled>> {
  const claims = claimsRefusal(request.claims);
  if (claims !== undefined) return refused(claims);
  const { tenant } = deps.issuer;
  const random = { session: deps.dice.bytes(10), family: deps.dice.bytes(4), seed: deps.dice.bytes(16) };
  return change<Answer<Settled>>(deps.store, deps.dice, keysOf(deps, request), (snapshot) => {
    const replay = replayOf(deps, request, snapshot);
    if (replay !== undefined) return replay;
    const keys = deps.keys.open(snapshot);
    const prepared = prepare(deps, request, snapshot, keys, random);
    if ("code" in prepared) return answer(refused(prepared.code));
    const { session, policy } = prepared;
    const room = makeRoom(deps, session, policy, snapshot);
    if (room.kind === "read") return room;
    if (room.kind === "refused") return answer(refused(room.code));
    const tokens = draftForSession(deps, {
      session,
      family: onlyFamily(session),
      issue: request.issue,
      snapshot,
      keys,
      alg: signingAlgIn(snapshot, tenant, request.client),
    });
    if (tokens === undefined || !tokensAlwaysFit(deps.issuer, { session, snapshot }))
      return answer(refused("token_too_large"));
    return write({
      rows: [
        { key: sessionKey(session), expect: "absent", next: sessionToRow(session, KEPT_AFTER_END) },
        subjectChange(session, room.sessions, snapshot),
        {
          key: clientKey(tenant, request.client),
          expect: snapshot.get(clientKey(tenant, request.client))?.version ?? "absent",
          next: "same",
        },
        ...standingGuards(session, snapshot),
        ...room.evictions,
        ...(request.idempotency === null
          ? []
          : [
              rememberedRow(
                tenant,
                request.idempotency,
                { session: session.id, family: onlyFamily(session).id },
                snapshot.clock,
              ),
            ]),
      ],
      notices: room.notices,
      facts: [
        sessionFact(tenant, session.id, snapshot.clock, "session_opened", {
          client: request.client,
          family: onlyFamily(session).id,
          policy: policy.name,
          parent: request.parent,
          actor: request.actor,
        }),
        ...room.facts,
      ],
      answer: () => granted({ session, tokens, replayed: false }),
    });
  });
}

function keysOf(deps: OpenSessionDeps, request: OpenSession): readonly RowKey[] {
  const { tenant } = deps.issuer;
  return [
    ringKey(tenant),
    clientKey(tenant, request.client),
    subjectKey(tenant, request.subject),
    ...(request.parent === null ? [] : [sessionKey({ tenant, id: request.parent })]),
    ...(request.idempotency === null ? [] : [idempotencyKey(tenant, request.idempotency)]),
  ];
}

/** The answer that the same key got before, if it did: the same session and refresh token, a fresh access token. */
function replayOf(
  deps: OpenSessionDeps,
  request: OpenSession,
  snapshot: Snapshot,
): Decision<Answer<Settled>> | undefined {
  if (request.idempotency === null) return undefined;
  const { tenant } = deps.issuer;
  const row = snapshot.get(idempotencyKey(tenant, request.idempotency));
  if (row === undefined) return undefined;
  const remembered = rememberedFromRow(row);
  if (remembered.fingerprint !== request.idempotency.fingerprint) return answer(refused("idempotency_key_reused"));
  const key = sessionKey({ tenant, id: remembered.session });
  if (!snapshot.has(key)) return { kind: "read", keys: [key] };
  const found = snapshot.get(key);
  if (found === undefined) return answer(refused("session_not_found"));
  const session = sessionFromRow(found);
  if (standingOf(session, snapshot).kind === "ended") return answer(refused("session_over"));
  const family = session.families.find((one) => one.id === remembered.family);
  if (family === undefined) return answer(refused("session_over"));
  if (family.ended !== null || familyStanding(session, family, snapshot) !== undefined)
    return answer(refused("session_over"));
  const tokens = draftForSession(deps, {
    session,
    family,
    issue: request.issue,
    snapshot,
    keys: deps.keys.open(snapshot),
    alg: signingAlgIn(snapshot, tenant, request.client),
  });
  return answer(tokens === undefined ? refused("token_too_large") : granted({ session, tokens, replayed: true }));
}

function prepare(
  deps: OpenSessionDeps,
  request: OpenSession,
  snapshot: Snapshot,
  keys: OpenKeys,
  random: { readonly session: Uint8Array; readonly family: Uint8Array; readonly seed: Uint8Array },
): { readonly session: Session; readonly policy: Policy } | { readonly code: RefusalCode } {
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
  const policy = deps.policies.get(request.policy ?? client.policy);
  if (policy === undefined) return { code: "policy_unknown" };
  const chosen = sessionPolicyOf(policy, request.remember);
  if (chosen === undefined) return { code: "remember_not_allowed" };
  if (policy.requiredAcr.length > 0 && !policy.requiredAcr.includes(request.acr ?? "")) return { code: "acr_too_low" };
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
  return { session: { ...session, token }, policy };
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
  return ancestors.length > MAX_DEPTH ? { code: "too_deep" } : { ancestors, notAfter: absoluteEnd(parent) };
}

/** The parent must not end between the snapshot and the commit. Its own ancestors need no guard: a child checks them at every refresh. */
function standingGuards(session: Session, snapshot: Snapshot): readonly RowChange[] {
  const [parent] = session.ancestors;
  if (parent === undefined) return [];
  const key = sessionKey({ tenant: session.tenant, id: parent });
  return [{ key, expect: snapshot.get(key)?.version ?? "absent", next: "same" }];
}

type Room =
  | {
      readonly kind: "room";
      readonly sessions: readonly SubjectSession[];
      readonly evictions: readonly RowChange[];
      readonly notices: ReturnType<typeof noticeDraft>[];
      readonly facts: ReturnType<typeof sessionFact>[];
    }
  | { readonly kind: "read"; readonly keys: readonly RowKey[] }
  | { readonly kind: "refused"; readonly code: RefusalCode };

/** Keeps the subject within its limit. Only at the limit are the sessions themselves read, to see which still live. */
function makeRoom(deps: OpenSessionDeps, session: Session, policy: Policy, snapshot: Snapshot): Room {
  const { tenant, subject } = session;
  const row = snapshot.get(subjectKey(tenant, subject));
  const listed = unexpired(subjectFromRow(row), snapshot.clock);
  const entry: SubjectSession = { id: session.id, until: absoluteEnd(session) };
  if (listed.length < policy.maxSessions)
    return { kind: "room", sessions: [...listed, entry], evictions: [], notices: [], facts: [] };
  const keys = listed.map(({ id }) => sessionKey({ tenant, id }));
  if (keys.some((key) => !snapshot.has(key))) return { kind: "read", keys };
  const live = listed.filter(({ id }) => {
    const found = snapshot.get(sessionKey({ tenant, id }));
    return found !== undefined && standingOf(sessionFromRow(found), snapshot).kind === "active";
  });
  const surplus = live.length - policy.maxSessions + 1;
  if (surplus <= 0) return { kind: "room", sessions: [...live, entry], evictions: [], notices: [], facts: [] };
  // What the new session hangs on can't make room for it.
  const oldest = live.filter(({ id }) => !session.ancestors.includes(id)).slice(0, Math.min(surplus, MOST_EVICTIONS));
  if (policy.overLimit === "refuse" || oldest.length < Math.min(surplus, MOST_EVICTIONS))
    return { kind: "refused", code: "session_limit" };
  const victims = oldest.flatMap(({ id }) => evict(deps, sessionKey({ tenant, id }), snapshot));
  return {
    kind: "room",
    sessions: [...live.filter((one) => !oldest.includes(one)), entry],
    evictions: victims.map((victim) => victim.row),
    notices: victims.map((victim) => victim.notice),
    facts: victims.map((victim) => victim.fact),
  };
}

/** So that the change keeps within its sixteen rows; more surplus only follows a lowered limit, and goes a few at a time. */
const MOST_EVICTIONS = 8;

function evict(
  deps: OpenSessionDeps,
  key: RowKey,
  snapshot: Snapshot,
): { row: RowChange; notice: ReturnType<typeof noticeDraft>; fact: ReturnType<typeof sessionFact> }[] {
  const row = snapshot.get(key);
  if (row === undefined) return [];
  const victim = sessionFromRow(row);
  const ruling = decide(victim, { kind: "end", reason: "evicted" }, snapshot.clock);
  if (ruling.kind !== "changed") return [];
  return [
    {
      row: { key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END) },
      notice: noticeDraft(key.tenant, { kind: "session", sid: victim.id }, deps.issuer, deps.dice),
      fact: sessionFact(key.tenant, victim.id, snapshot.clock, "session_ended", {
        reason: "evicted",
        at_ms: snapshot.clock,
        revocation: null,
      }),
    },
  ];
}

function subjectChange(session: Session, sessions: readonly SubjectSession[], snapshot: Snapshot): RowChange {
  const key = subjectKey(session.tenant, session.subject);
  return { key, expect: snapshot.get(key)?.version ?? "absent", next: subjectToRow({ sessions }) };
}

function onlyFamily(session: Session): Family {
  const [family] = session.families;
  if (family === undefined) throw new Error("a session was opened without a family");
  return family;
}

function claimsRefusal(claims: JsonObject): RefusalCode | undefined {
  if (Object.keys(claims).some((name) => RESERVED_CLAIMS.has(name))) return "claim_reserved";
  return new TextEncoder().encode(JSON.stringify(claims)).length > MAX_SESSION_CLAIMS ? "session_too_large" : undefined;
}
