// Refresh, step by step (spec/refresh-token.md; docs/cycles/refresh.md says what survives a crash at each line).
// One read, one decision, at most one write of one row. What it may still mint while racing a revocation is dead at the verifiers:
// its `pos` is older than the notice, or its session is named by it.

import { parseRefreshToken, type RefreshTokenParts, scopeIsSubset } from "@hallpass/protocol";
import { type AuthenticatedClient, authenticateClient, type ClientCredentials } from "../clients/authenticate.ts";
import { signingAlgOf } from "../clients/client.ts";
import { clientKey } from "../clients/client-row.ts";
import { fact, type RefreshOutcome, sessionFact } from "../facts.ts";
import type { FamilyId, SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import type { RefusalCode } from "../kernel/refusal.ts";
import type { Secret } from "../kernel/secret.ts";
import { type KeyRing, type OpenKeys, ringKey } from "../keys/ring.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { decide } from "../sessions/decide.ts";
import type { Ended, Family, Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { familyStanding, KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { subjectKey } from "../sessions/subject.ts";
import { answer, change, type Decision, type Writes, write } from "../store/change.ts";
import type { Row, RowChange, RowKey, Snapshot, Store } from "../store/store.ts";
import { innerFits, outerFits } from "../tokens/refresh-token.ts";
import { issuerKey } from "./bootstrap-issuer.ts";
import { type DraftedTokens, draftForSession, type IssuedTokens, signTokens } from "./issue-for-session.ts";
import { rehashSecret } from "./rehash-secret.ts";
import { epochRow } from "./start-epoch.ts";

export interface RefreshDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
}

export interface Refresh {
  readonly token: Secret;
  readonly credentials: ClientCredentials;
  /** Narrows the access token; never the refresh token. */
  readonly scope: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
}

export type Refreshed = Granted<IssuedTokens> | NotGranted;

interface Granted<Tokens> {
  readonly kind: "granted";
  readonly outcome: "rotated" | "retried" | "recovered";
  readonly session: Session;
  readonly family: Family;
  readonly tokens: Tokens;
  readonly regressed: boolean;
}

type NotGranted =
  | {
      readonly kind: "refused";
      readonly outcome: Exclude<RefreshOutcome, "rotated" | "retried" | "recovered">;
      readonly end: Ended | null;
      readonly session: SessionId | null;
    }
  | { readonly kind: "denied"; readonly code: RefusalCode };

type Lost = Pick<Writes<Ruled>, "rows" | "notices" | "facts">;

/** What is committed: everything but the access token's signature. */
type Ruled = Granted<DraftedTokens> | NotGranted;

const UNKNOWN: NotGranted = { kind: "refused", outcome: "unknown", end: null, session: null };

/** Never throws for anything that a client sent. Throws Faults of the store and `keys_unreadable`. */
export async function refresh(deps: RefreshDeps, request: Refresh): Promise<Refreshed> {
  const parts = parseRefreshToken(request.token.reveal());
  if (parts === undefined) return UNKNOWN;
  const known = deps.keys.latest();
  const fits = known === undefined ? undefined : outerFits(schemeOf(deps, known), parts);
  if (fits === false) return UNKNOWN;
  const { tenant } = deps.issuer;
  const sessionRow = sessionKey({ tenant, id: parts.sid as SessionId });
  const asked: RowKey[] = [ringKey(tenant), clientKey(tenant, request.credentials.clientId), sessionRow];
  let outdatedSecret = false;
  const ruled = await change<Ruled>(deps.store, deps.dice, asked, (snapshot) => {
    const keys = deps.keys.open(snapshot);
    // The keys may have changed since the first look; the same keys need no second one.
    const genuine = keys === known ? fits : outerFits(schemeOf(deps, keys), parts);
    if (genuine !== true) return answer(UNKNOWN);
    const caller = authenticateClient(tenant, request.credentials, snapshot, keys.mac);
    if (caller === undefined) return answer({ kind: "denied", code: "client_unauthenticated" });
    ({ outdatedSecret } = caller);
    if (!caller.client.grants.includes("refresh_token")) return answer({ kind: "denied", code: "grant_not_allowed" });
    const row = snapshot.get(sessionRow);
    const session = row === undefined ? undefined : sessionFromRow(row);
    if (row === undefined || session === undefined || !innerFits(session.seed, parts)) return answer(UNKNOWN);
    return judge({ deps, request, parts, snapshot, keys, caller, row, session });
  });
  if (outdatedSecret) await rehashSecret(deps, tenant, request.credentials);
  return ruled.kind === "granted" ? { ...ruled, tokens: await signTokens(ruled.tokens) } : ruled;
}

interface Case {
  readonly deps: RefreshDeps;
  readonly request: Refresh;
  readonly parts: RefreshTokenParts;
  readonly snapshot: Snapshot;
  readonly keys: OpenKeys;
  readonly caller: AuthenticatedClient;
  readonly row: Row;
  readonly session: Session;
}

/** The token is genuine. What its presenter gets depends on who it is, on everything the session hangs on, and on the generation. */
function judge(one: Case): Decision<Ruled> {
  const { snapshot, session, parts, caller, keys } = one;
  const family = session.families.find((candidate) => candidate.id === parts.fam);
  if (family === undefined) return answer(UNKNOWN);
  if (family.client !== caller.client.id) return misbound(one, family);
  const standing = standingOf(session, snapshot);
  const end = standing.kind === "ended" ? standing : familyStanding(session, family, snapshot);
  if (end !== undefined) return answer(refusal("ended", session, end));
  const attempt = {
    kind: "refresh",
    family: parts.fam as FamilyId,
    generation: parts.generation,
    client: caller.client.id,
    macKid: keys.mac.currentKid,
  } as const;
  const ruling = decide(session, attempt, snapshot.clock);
  switch (ruling.kind) {
    case "retried":
      return issue(one, ruling.used ?? session, ruling.family, ruling.used === null ? "retried" : "used", null);
    case "rotated":
    case "recovered":
      return issue(
        one,
        ruling.next,
        ruling.family,
        ruling.kind,
        ruling.kind === "rotated" ? ruling.regressedFrom : null,
      );
    case "superseded":
      return answer(refusal("superseded", session, null));
    case "reused":
      return reused(one, ruling.next);
    case "ended":
      return answer(refusal("ended", session, ruling.end));
    case "unknown":
    case "misbound":
    case "over":
    case "unchanged":
    case "changed":
      throw new Error("a refresh was ruled as if it were another event");
  }
}

/** Refused and recorded; ends nothing, so that a stolen bound token is no weapon against its owner. */
function misbound(one: Case, family: Family): Decision<Ruled> {
  const { session, snapshot, caller, parts } = one;
  return write({
    rows: [],
    facts: [
      sessionFact(session.tenant, session.id, snapshot.clock, "refresh_refused", {
        family: family.id,
        generation: parts.generation,
        outcome: "misbound",
        client: caller.client.id,
      }),
    ],
    answer: () => refusal("misbound", session, null),
  });
}

function issue(
  one: Case,
  session: Session,
  family: Family,
  how: "rotated" | "retried" | "used" | "recovered",
  regressedFrom: number | null,
): Decision<Ruled> {
  const { deps, request, snapshot, keys } = one;
  const wider = widening(one, family);
  if (wider !== undefined) return answer({ kind: "denied", code: wider });
  const tokens = draftForSession(deps, {
    session,
    family,
    issue: { access: true, refresh: true },
    snapshot,
    keys,
    alg: signingAlgOf(one.caller.client),
    scope: request.scope,
    audience: request.audience?.length === 0 ? undefined : request.audience,
  });
  if (tokens === undefined) return answer({ kind: "denied", code: "token_too_large" });
  const regressed = regressedFrom !== null;
  if (regressed && !snapshot.has(issuerKey(session.tenant))) return { kind: "read", keys: [issuerKey(session.tenant)] };
  const outcome = how === "used" ? "retried" : how;
  const done: Ruled = { kind: "granted", outcome, session, family, tokens, regressed };
  if (how === "retried") return answer(done);
  const { rows, facts } = rotation(one, session, family, how);
  if (regressed) return write({ ...regression(one, rows, family, regressedFrom), answer: () => done });
  return write({ rows, facts, answer: () => done });
}

function rotation(
  one: Case,
  session: Session,
  family: Family,
  how: "rotated" | "used" | "recovered",
): Required<Pick<Writes<Ruled>, "rows" | "facts">> {
  const { snapshot } = one;
  const { tenant, id } = session;
  return {
    rows: [
      { key: one.row.key, expect: one.row.version, next: sessionToRow(session, KEPT_AFTER_END, one.row.expires) },
      ...guards(one),
    ],
    facts: [
      how === "used"
        ? sessionFact(tenant, id, snapshot.clock, "session_kept_alive", { by: "refresh" })
        : sessionFact(tenant, id, snapshot.clock, "token_refreshed", {
            family: family.id,
            generation: family.generation,
            outcome: how,
          }),
    ],
  };
}

/** Milliseconds. What clients show after that may be another loss; an epoch too many costs every verifier one snapshot, one too few a revocation. */
const ONE_LOSS_SHOWS_FOR = 10 * 60 * 1000;

/**
 * The store has lost a commit that was acknowledged. The family goes on after what the client holds. A new epoch makes every verifier start
 * anew, unless one has begun since the generation that the store knows was made, and a short while ago: then it began for this loss.
 */
function regression(one: Case, written: readonly RowChange[], family: Family, known: number): Lost {
  const { deps, snapshot, session, parts } = one;
  const { tenant } = session;
  const facts = [
    sessionFact(tenant, session.id, snapshot.clock, "token_refreshed", {
      family: family.id,
      generation: family.generation,
      outcome: "rotated",
    }),
    sessionFact(tenant, session.id, snapshot.clock, "store_regressed", {
      family: family.id,
      shown: parts.generation,
      known,
    }),
  ];
  const issuer = snapshot.get(issuerKey(tenant));
  if (issuer === undefined) throw new Error("the issuer has no row");
  const madeAt = session.families.find(({ id }) => id === family.id)?.rotatedAt ?? snapshot.clock;
  const isExcused = issuer.raisedAt !== null && snapshot.clock - issuer.raisedAt < ONE_LOSS_SHOWS_FOR;
  if (isExcused && issuer.raisedAt > madeAt) return { rows: written, notices: [], facts };
  const cause = "store_regressed";
  return {
    rows: [...written, epochRow(issuer)],
    notices: [{ ...noticeDraft(tenant, { kind: "epoch" }, deps.issuer, deps.dice), newEpoch: { above: null } }],
    facts: [...facts, fact(tenant, snapshot.clock, "epoch_started", { cause, epoch: snapshot.head.pos.epoch + 1 })],
  };
}

function reused(one: Case, next: Session): Decision<Ruled> {
  const { deps, snapshot, session, parts, caller } = one;
  const { tenant, id } = session;
  const family = parts.fam as FamilyId;
  const whole = session.policy.onReuse === "session";
  const taking = whole ? ({ kind: "session", sid: id } as const) : ({ kind: "family", sid: id, fam: family } as const);
  return write({
    rows: [{ key: one.row.key, expect: one.row.version, next: sessionToRow(next, KEPT_AFTER_END) }],
    notices: [noticeDraft(tenant, taking, deps.issuer, deps.dice)],
    facts: [
      sessionFact(tenant, id, snapshot.clock, "refresh_refused", {
        family,
        generation: parts.generation,
        outcome: "reused",
        client: caller.client.id,
      }),
      whole
        ? sessionFact(tenant, id, snapshot.clock, "session_ended", {
            reason: "reuse",
            at_ms: snapshot.clock,
            revocation: null,
          })
        : sessionFact(tenant, id, snapshot.clock, "family_ended", { family, reason: "reuse", revocation: null }),
    ],
    answer: () => refusal("reused", session, null),
  });
}

/** Whatever could take the session away is locked against change until the refresh is committed: subject, client, ancestors. */
function guards(one: Case): readonly RowChange[] {
  const { session, snapshot, caller } = one;
  const { tenant } = session;
  const unchanged = (key: RowKey): RowChange => ({ key, expect: snapshot.get(key)?.version ?? "absent", next: "same" });
  const rows: RowChange[] = [
    { key: caller.row.key, expect: caller.row.version, next: "same" },
    unchanged(subjectKey(tenant, session.subject)),
  ];
  for (const id of session.ancestors) rows.push(unchanged(sessionKey({ tenant, id })));
  return rows;
}

/** Refused before the generation is used up, and after reuse was looked for: who asks for too much is told nothing that others are not. */
function widening(one: Case, family: Family): RefusalCode | undefined {
  const { scope, audience } = one.request;
  if (scope !== undefined && !scopeIsSubset(scope, family.scope)) return "scope_not_allowed";
  if (audience === undefined) return undefined;
  const granted =
    new Set(audience).size === audience.length && audience.every((each) => family.audience.includes(each));
  return granted ? undefined : "audience_not_allowed";
}

function refusal(
  outcome: "misbound" | "ended" | "superseded" | "reused",
  session: Session,
  end: Ended | null,
): NotGranted {
  return { kind: "refused", outcome, end, session: session.id };
}

function schemeOf(deps: RefreshDeps, keys: OpenKeys): Parameters<typeof outerFits>[0] {
  return { mac: keys.mac, issuer: deps.issuer.url, tenant: deps.issuer.tenant };
}
