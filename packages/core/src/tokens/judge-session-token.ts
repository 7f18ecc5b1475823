// Judges a session token by the rows, and says what an access token of that moment would say: what a verifier may remember until `exp`.
// The shape comes first and touches no store.

import { bytesToUuid, type JsonObject, parseSessionToken, SESSION_TOKEN_PREFIX } from "@hallpass/protocol";
import { parseSessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { after, earliest, numericDate } from "../kernel/time.ts";
import { type KeyRing, type MacKeys, ringKey } from "../keys/ring.ts";
import { markOf } from "../keys/seen.ts";
import { contentOf } from "../operations/issue-for-session.ts";
import { revokedTokenKey } from "../revocation/revoked-token.ts";
import { type Family, familyOf, foreseenEnd, type Session, type SessionToken } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { familyStanding, standingOf } from "../sessions/standing.ts";
import type { Row, Snapshot, Store } from "../store/store.ts";
import { claimsOf } from "./access-token.ts";
import type { PresentedSessionToken, SessionTokenRead } from "./presented.ts";
import { type FitOfToken, fitOf, sessionTokenName } from "./session-token.ts";

declare const judged: unique symbol;

/** A session token that was valid when it was judged. Only `judgeSessionToken` makes one. */
export interface LiveSessionToken {
  readonly kind: "live";
  readonly session: Session;
  readonly row: Row;
  readonly family: Family;
  /** As an access token of this moment would have them. `exp` lies before every end that is foreseen now. */
  readonly claims: JsonObject;
  readonly [judged]: true;
}

/** `superseded`: it was this session's, until a rotation; the session and the family live. */
export type JudgedSessionToken =
  | LiveSessionToken
  | { readonly kind: "superseded"; readonly session: Session; readonly family: Family }
  | { readonly kind: "inactive" };

export interface JudgeSessionTokenDeps {
  readonly issuer: Issuer;
  readonly keys: KeyRing;
}

const INACTIVE: JudgedSessionToken = { kind: "inactive" };

/** Touches no store. Undefined for a text that is no session token. */
export function presentedSessionToken(
  { issuer, keys }: JudgeSessionTokenDeps,
  text: string,
): PresentedSessionToken | undefined {
  // Most tokens are others, and a hash costs more than a look.
  if (!text.startsWith(SESSION_TOKEN_PREFIX)) return undefined;
  const mark = markOf(text);
  const read = keys.latest()?.mac.sessionTokens.get(mark)?.read ?? readAnew(issuer, text);
  return read === undefined ? undefined : { text, mark, ...read };
}

function readAnew({ tenant }: Issuer, text: string): SessionTokenRead | undefined {
  const bytes = parseSessionToken(text);
  const session = bytes === undefined ? undefined : parseSessionId(bytesToUuid(bytes.subarray(0, 16)));
  if (bytes === undefined || session === undefined) return undefined;
  const jti = sessionTokenName(session, bytes);
  const rows = [ringKey(tenant), sessionKey({ tenant, id: session }), revokedTokenKey(tenant, jti)];
  return { session, jti, rows };
}

/** Throws Faults of the store. */
export async function judgeSessionToken(
  deps: JudgeSessionTokenDeps & { readonly store: Store },
  text: string,
): Promise<JudgedSessionToken> {
  const presented = presentedSessionToken(deps, text);
  return presented === undefined
    ? INACTIVE
    : judgeSessionTokenOn(deps, presented, await deps.store.read(presented.rows));
}

/** The same on a snapshot that was read with its rows. Judges no audience and no scope. */
export function judgeSessionTokenOn(
  deps: JudgeSessionTokenDeps,
  presented: PresentedSessionToken,
  snapshot: Snapshot,
): JudgedSessionToken {
  const { tenant } = deps.issuer;
  const row = snapshot.get(sessionKey({ tenant, id: presented.session }));
  const session = row === undefined ? undefined : sessionFromRow(row);
  if (row === undefined || session === undefined || session.token === null) return INACTIVE;
  const fit = rememberedFit(deps.keys.open(snapshot).mac, session.token, presented);
  const family = familyOf(session, session.token.family);
  if (fit === "unknown" || family === undefined || family.ended !== null) return INACTIVE;
  if (standingOf(session, snapshot).kind === "ended") return INACTIVE;
  if (familyStanding(session, family, snapshot) !== undefined) return INACTIVE;
  if (snapshot.get(revokedTokenKey(tenant, presented.jti)) !== undefined) return INACTIVE;
  if (fit === "superseded") return { kind: "superseded", session, family };
  const content = contentOf(deps.issuer, { session, family, snapshot });
  const iat = numericDate(snapshot.clock);
  const exp = numericDate(
    earliest(after(snapshot.clock, content.lifetime), foreseenEnd(session), ...ancestorsEnds(session, snapshot)),
  );
  // It would be over before it could be told.
  if (exp <= iat) return INACTIVE;
  let claims: JsonObject | undefined;
  return {
    kind: "live",
    session,
    row,
    family,
    // A gateway asks for none of it.
    get claims() {
      claims ??= claimsOf(content, iat, exp, presented.jti);
      return claims;
    },
  } as LiveSessionToken;
}

function ancestorsEnds(session: Session, snapshot: Snapshot): ReturnType<typeof foreseenEnd>[] {
  return session.ancestors.flatMap((id) => {
    const row = snapshot.get(sessionKey({ tenant: session.tenant, id }));
    return row === undefined ? [] : [foreseenEnd(sessionFromRow(row))];
  });
}

/** Hashed once: for the same text and the same row's hash these keys remember a yes. */
function rememberedFit(mac: MacKeys, token: SessionToken, presented: PresentedSessionToken): FitOfToken {
  const { mark, session, jti, rows } = presented;
  const known = mac.sessionTokens.get(mark);
  if (known?.kid === token.kid && known.hash === token.hash) return "current";
  const fit = fitOfPresented(mac, token, presented);
  if (fit === "current") {
    mac.sessionTokens.set(mark, { kid: token.kid, hash: token.hash, read: { session, jti, rows } });
  }
  return fit;
}

/** By the secret itself, whatever is remembered. */
export function fitOfPresented(
  mac: MacKeys,
  token: SessionToken,
  { session, text }: Pick<PresentedSessionToken, "session" | "text">,
): FitOfToken {
  const bytes = parseSessionToken(text);
  return bytes === undefined ? "unknown" : fitOf(mac, session, token, bytes);
}
