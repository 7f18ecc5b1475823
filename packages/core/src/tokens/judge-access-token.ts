// Judges an access token of ours at the server itself, by the rows and not by a view: exact, at the price of one read.
// The shape and the signature come first and touch no store.

import { type AccessTokenClaims, isBefore, parseAccessTokenClaims, parseCompactJws } from "@hallpass/protocol";
import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey } from "../clients/client-row.ts";
import { type ClientId, parseClientId, parseSessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { type KeyRing, type OpenKeys, ringKey } from "../keys/ring.ts";
import { type Mark, markOf } from "../keys/seen.ts";
import { revokedTokenKey } from "../revocation/revoked-token.ts";
import { isCutOff, tokenCutOffFromRow, tokenCutOffKey } from "../revocation/token-cut-off.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { familyStanding, standingOf } from "../sessions/standing.ts";
import { distinctOfFew } from "../store/distinct.ts";
import type { RowKey, Snapshot, Store } from "../store/store.ts";
import type { AccessTokenRead, PresentedAccessToken } from "./presented.ts";

declare const judged: unique symbol;

/** A token that was valid when it was judged. Only `judgeAccessToken` makes one. */
export interface LiveAccessToken {
  readonly claims: AccessTokenClaims;
  readonly client: ClientId;
  /** What it is registered for now. */
  readonly registered: Client;
  readonly [judged]: true;
}

export interface JudgeDeps {
  readonly store: Store;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
}

/** Touches no store. Undefined for another issuer's, too. */
export function presentedAccessToken(
  { issuer, keys }: Omit<JudgeDeps, "store">,
  text: string,
): PresentedAccessToken | undefined {
  const mark = markOf(text);
  const known = keys.latest()?.accessTokens.get(mark);
  return known === undefined ? readAnew(issuer, text, mark) : { text, mark, jws: undefined, ...known };
}

function readAnew(issuer: Issuer, text: string, mark: Mark): PresentedAccessToken | undefined {
  const jws = parseCompactJws(text);
  if (!jws.ok) return undefined;
  const { kid, typ } = jws.header;
  if (kid === undefined || typ === undefined || !isAccessTokenType(typ)) return undefined;
  const claims = parseAccessTokenClaims(jws.payload);
  const client = claims === undefined ? undefined : parseClientId(claims.clientId);
  if (claims === undefined || client === undefined || claims.iss !== issuer.url) return undefined;
  return { text, mark, jws, kid, claims, client, rows: accessTokenRows(issuer, claims, client) };
}

/** Undefined for every reason: malformed, foreign, expired, revoked. Judges no audience and no scope. Throws Faults of the store. */
export async function judgeAccessToken(deps: JudgeDeps, token: string): Promise<LiveAccessToken | undefined> {
  return (await readAccessToken(deps, token))?.live;
}

/** The same, with the snapshot on which it was judged. It holds the rows `along`, too, for whoever goes on with it; nobody names any for a token that is refused without a read. */
export async function readAccessToken(
  deps: JudgeDeps,
  token: string,
  along: (client: ClientId) => readonly RowKey[] = () => [],
): Promise<{ readonly live: LiveAccessToken; readonly snapshot: Snapshot } | undefined> {
  const presented = presentedAccessToken(deps, token);
  if (presented === undefined) return undefined;
  const known = deps.keys.latest();
  // A forged one costs no read; a key that this node has not seen yet may be in the row.
  if (known?.verificationKey(presented.kid) !== undefined && !isSigned(known, presented)) return undefined;
  const more = along(presented.client);
  const read = deps.store.read(more.length === 0 ? presented.rows : distinctOfFew(presented.rows, more));
  const snapshot = read instanceof Promise ? await read : read;
  const live = judgeAccessTokenOn(deps, presented, snapshot);
  return live === undefined ? undefined : { live, snapshot };
}

/** Whether one of these keys has signed it, for an algorithm of its own. Looked at once: for the same text these keys remember a yes. */
export function isSigned(keys: OpenKeys, presented: PresentedAccessToken): boolean {
  const { mark, kid, claims, client, rows, text } = presented;
  if (keys.accessTokens.get(mark) !== undefined) return true;
  const key = keys.verificationKey(kid);
  const jws = presented.jws ?? parseCompactJws(text);
  if (key === undefined || !jws.ok || key.alg !== jws.header.alg) return false;
  if (!key.verify(jws.signingInput, jws.signature)) return false;
  const read: AccessTokenRead = { kid, claims, client, rows };
  keys.accessTokens.set(mark, read);
  return true;
}

/** The same on a snapshot that was read with its rows. */
export function judgeAccessTokenOn(
  deps: Omit<JudgeDeps, "store">,
  presented: PresentedAccessToken,
  snapshot: Snapshot,
): LiveAccessToken | undefined {
  const { claims, client } = presented;
  // Bound to a key whose proof nobody checks here (AT-V6).
  if (claims.cnf !== undefined || !isSigned(deps.keys.open(snapshot), presented)) return undefined;
  if (!inTime(deps.issuer, claims, snapshot) || takenAway(deps.issuer, claims, client, snapshot)) return undefined;
  const row = snapshot.get(clientKey(deps.issuer.tenant, client));
  return row === undefined ? undefined : ({ claims, client, registered: clientFromRow(row) } as LiveAccessToken);
}

function accessTokenRows({ tenant }: Issuer, claims: AccessTokenClaims, client: ClientId): readonly RowKey[] {
  const session = claims.sid === undefined ? undefined : parseSessionId(claims.sid);
  return [
    ringKey(tenant),
    clientKey(tenant, client),
    revokedTokenKey(tenant, claims.jti),
    tokenCutOffKey(tenant),
    ...(session === undefined ? [] : [sessionKey({ tenant, id: session })]),
  ];
}

function inTime(issuer: Issuer, claims: AccessTokenClaims, snapshot: Snapshot): boolean {
  const now = snapshot.clock / 1000;
  const { iat, exp, nbf } = claims;
  return (
    now < exp + issuer.skew &&
    iat <= now + issuer.skew &&
    (nbf === undefined || nbf <= now + issuer.skew) &&
    exp > iat &&
    exp - iat <= issuer.longestToken
  );
}

function takenAway(issuer: Issuer, claims: AccessTokenClaims, client: ClientId, snapshot: Snapshot): boolean {
  const { tenant } = issuer;
  if (claims.pos.epoch < snapshot.head.pos.epoch) return true;
  if (snapshot.get(revokedTokenKey(tenant, claims.jti)) !== undefined) return true;
  const everything = snapshot.get(ringKey(tenant))?.notBefore ?? null;
  if (everything !== null && isBefore(claims.pos, everything)) return true;
  if (isCutOff(claims, tokenCutOffFromRow(snapshot.get(tokenCutOffKey(tenant))))) return true;
  const clientRow = snapshot.get(clientKey(tenant, client));
  if (clientRow === undefined || clientFromRow(clientRow).status === "disabled") return true;
  if (clientRow.notBefore !== null && isBefore(claims.pos, clientRow.notBefore)) return true;
  return claims.sid !== undefined && sessionTakenAway(issuer, claims, snapshot);
}

function sessionTakenAway(issuer: Issuer, claims: AccessTokenClaims, snapshot: Snapshot): boolean {
  const id = claims.sid === undefined ? undefined : parseSessionId(claims.sid);
  const row = id === undefined ? undefined : snapshot.get(sessionKey({ tenant: issuer.tenant, id }));
  if (row === undefined) return true;
  const session = sessionFromRow(row);
  const family = session.families.find((one) => one.id === claims.fam);
  if (family === undefined || family.ended !== null || standingOf(session, snapshot).kind === "ended") return true;
  if (familyStanding(session, family, snapshot) !== undefined) return true;
  const lines = [
    row,
    ...session.ancestors.map((ancestor) => snapshot.get(sessionKey({ tenant: issuer.tenant, id: ancestor }))),
  ];
  return lines.some((line) => line === undefined || (line.notBefore !== null && isBefore(claims.pos, line.notBefore)));
}

function isAccessTokenType(typ: string): boolean {
  const type = typ.toLowerCase();
  return type === "at+jwt" || type === "application/at+jwt";
}
