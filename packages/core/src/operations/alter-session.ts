// Changes a live session: scope, claims, assurance, device. A reduction (and any change of claims or assurance) outdates the access
// tokens issued before it: verifiers learn it as one notice, and the next refresh carries what is true now.

import { scopeIsSubset } from "@hallpass/protocol";
import { sessionFact } from "../facts.ts";
import type { SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Secret } from "../kernel/secret.ts";
import { afterMs } from "../kernel/time.ts";
import { type KeyRing, type MacKeys, ringKey } from "../keys/ring.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { queryRunsKey } from "../revocation/query-runs.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { type Alteration, decide } from "../sessions/decide.ts";
import { claimsRefusal } from "../sessions/own-claims.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { liesAhead } from "../sessions/sign-in-time.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { Row, RowChange, RowKey, Snapshot, Store } from "../store/store.ts";
import { mintSessionToken, nextSessionToken } from "../tokens/session-token.ts";
import { besideRuns } from "./beside-runs.ts";
import { endByRun } from "./end-by-run.ts";
import { tokensAlwaysFit } from "./issue-for-session.ts";

export interface AlterSessionDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
  readonly keys: KeyRing;
}

export interface AlterSession {
  readonly session: SessionId;
  readonly alteration: Alteration;
  /** The version that the caller saw; null to change whatever is there. */
  readonly expectVersion: number | null;
  /** The session token stays the same although assurance is raised: for a caller who can't hand on another. */
  readonly keepSessionToken?: boolean;
  /** The id of the revocation, if this turns out to outdate tokens: a UUIDv7. */
  readonly revocationId: string;
  readonly actor: string | null;
}

export interface AlteredSession {
  readonly session: Session;
  readonly version: number;
  /** What outdated the access tokens issued before; null when nothing had to. */
  readonly outdated: Revocation | null;
  /** The session token that replaced the one before, because assurance was raised; again, the same, when the same is asked again. */
  readonly sessionToken: Secret | null;
}

/** Refuses `session_not_found`, `session_over`, `scope_not_allowed` (wider than any family's), `auth_time_ahead`, `claim_reserved`, `session_too_large`, `token_too_large`, `version_conflict`. */
export async function alterSession(deps: AlterSessionDeps, request: AlterSession): Promise<Answer<AlteredSession>> {
  const { claims } = request.alteration;
  const wrong = claims === undefined ? undefined : claimsRefusal(claims);
  if (wrong !== undefined) return refused(wrong);
  const key = sessionKey({ tenant: deps.issuer.tenant, id: request.session });
  for (;;) {
    const outcome = await attempt(deps, request, key);
    if (!("meantBy" in outcome)) return outcome;
    // A revocation by query has begun, and would not find it any more: it is ended now, and there is nothing left to change.
    await endByRun(deps, outcome.meantBy, [key], null);
  }
}

type Attempted = Answer<AlteredSession> | { readonly meantBy: string };

function attempt(deps: AlterSessionDeps, request: AlterSession, key: RowKey): Promise<Attempted> {
  const { tenant } = deps.issuer;
  return change<Attempted>(deps.store, deps.dice, [ringKey(tenant), key, queryRunsKey(tenant)], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) return answer(refused("session_not_found"));
    const session = sessionFromRow(row);
    if (standingOf(session, snapshot).kind === "ended") return answer(refused("session_over"));
    if (request.expectVersion !== null && request.expectVersion !== row.version)
      return answer(refused("version_conflict"));
    const { scope } = request.alteration;
    if (scope !== undefined && !session.families.some((family) => scopeIsSubset(scope, family.scope)))
      return answer(refused("scope_not_allowed"));
    if (liesAhead(request.alteration.authTime, snapshot.clock)) return answer(refused("auth_time_ahead"));
    const ruling = decide(session, { kind: "alter", alteration: request.alteration }, snapshot.clock);
    const { mac } = deps.keys.open(snapshot);
    if (ruling.kind !== "changed") {
      // Perhaps an answer was lost: who asks for the same assurance again gets the token that it led to.
      const again = request.keepSessionToken !== true && namesAssurance(request.alteration) ? session.token : null;
      const sessionToken = again === null ? null : mintSessionToken(mac, session, again);
      return answer(granted({ session, version: row.version, outdated: null, sessionToken }));
    }
    if (!tokensAlwaysFit(deps.issuer, { session: ruling.next, snapshot })) return answer(refused("token_too_large"));
    const beside = besideRuns(deps, session, ruling.next, snapshot);
    if (beside.kind === "read") return beside;
    if (beside.kind === "meant") return answer({ meantBy: beside.revocation });
    const next = request.keepSessionToken === true ? ruling.next : rotated(mac, session, ruling.next);
    return altered(deps, request, { row, before: session, next, beside: beside.rows }, snapshot);
  });
}

function altered(
  deps: AlterSessionDeps,
  request: AlterSession,
  {
    row,
    before,
    next,
    beside,
  }: { readonly row: Row; readonly before: Session; readonly next: Session; readonly beside: readonly RowChange[] },
  snapshot: Snapshot,
): Decision<Attempted> {
  const { tenant, longestToken, skew } = deps.issuer;
  const reduced = outdates(before, next);
  const changed = Object.keys(request.alteration).toSorted();
  const rowChange = { key: row.key, expect: row.version, next: sessionToRow(next, KEPT_AFTER_END) };
  const { actor } = request;
  const isRotated = next.token !== null && next.token !== before.token;
  const facts = [
    sessionFact(tenant, next.id, snapshot.clock, "session_changed", { changed, reduced, actor }),
    ...(isRotated ? [sessionFact(tenant, next.id, snapshot.clock, "session_token_issued", { actor })] : []),
  ];
  if (!reduced)
    return write({
      rows: [rowChange, ...beside],
      facts,
      answer: () => granted({ session: next, version: row.version + 1, outdated: null, sessionToken: null }),
    });
  const sessionToken =
    isRotated && next.token !== null ? mintSessionToken(deps.keys.open(snapshot).mac, next, next.token) : null;
  const asked = {
    targets: [{ kind: "session", session: next.id } as const],
    reason: "session_changed",
    ticket: null,
    actor: request.actor,
    endedSessions: 0,
    tokensExpireBy: afterMs(snapshot.clock, (longestToken + skew) * 1000),
  };
  return write({
    rows: [
      { ...rowChange, raise: true },
      ...beside,
      {
        key: revocationKey(tenant, request.revocationId),
        expect: "absent",
        next: revocationToRow(asked, afterMs(snapshot.clock, RECEIPT_KEPT)),
        raise: true,
      },
    ],
    notices: [noticeDraft(tenant, { kind: "outdated", sid: next.id }, deps.issuer, deps.dice)],
    facts,
    answer: ({ pos, at }) =>
      granted({
        session: next,
        version: row.version + 1,
        outdated: { id: request.revocationId, pos, committed: at, ...asked },
        sessionToken,
      }),
  });
}

/** With the next session token, if the session has one and is surer of its subject than it was: a token that was planted before is worth nothing afterwards. */
function rotated(mac: MacKeys, before: Session, next: Session): Session {
  return before.token === null || !raises(before, next)
    ? next
    : { ...next, token: nextSessionToken(mac, next, before.token.family, before.token) };
}

/** Another `acr` counts as more: which of two is the higher only the app knows. */
function raises(before: Session, next: Session): boolean {
  return (
    (next.acr !== null && next.acr !== before.acr) ||
    (next.authTime ?? 0) > (before.authTime ?? 0) ||
    next.amr.some((method) => !before.amr.includes(method))
  );
}

function namesAssurance({ acr, amr, authTime }: Alteration): boolean {
  return acr !== undefined || amr !== undefined || authTime !== undefined;
}

/** Whether a token of before says what is true no more. A change of the device says nothing in a token. */
function outdates(before: Session, next: Session): boolean {
  return JSON.stringify(spoken(before)) !== JSON.stringify(spoken(next));
}

function spoken(session: Session): unknown {
  const { claims, acr, amr, authTime, families } = session;
  return [claims, acr, amr, authTime, families.map((family) => family.scope)];
}
