// Revocation of a token by the client it was issued to (RFC 7009). The token says what is taken away: an access token itself, by its jti;
// a refresh token of any generation its family, or its session where the policy has them share their fate.

import { parseClientSecret, parseRefreshToken, type RefreshTokenParts } from "@hallpass/protocol";
import { authenticateClient, type ClientCredentials } from "../clients/authenticate.ts";
import { clientKey } from "../clients/client-row.ts";
import { type FactBodies, fact, sessionFact } from "../facts.ts";
import { type ClientId, parseSessionId, type SessionId, type TenantId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Secret } from "../kernel/secret.ts";
import { instantOf } from "../kernel/time.ts";
import { type KeyRing, type OpenKeys, ringKey } from "../keys/ring.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revokedTokenKey } from "../revocation/revoked-token.ts";
import type { Target } from "../revocation/target.ts";
import { stateAt } from "../sessions/session.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { answer, change, type Decision, write } from "../store/change.ts";
import type { RowKey, Snapshot } from "../store/store.ts";
import { isSigned, presentedAccessToken } from "../tokens/judge-access-token.ts";
import { genuineRefreshToken } from "../tokens/judge-refresh-token.ts";
import { judgeSessionTokenOn, presentedSessionToken } from "../tokens/judge-session-token.ts";
import type { PresentedAccessToken, PresentedSessionToken } from "../tokens/presented.ts";
import { rehashSecret } from "./rehash-secret.ts";
import { type RevokeDeps, revoking } from "./revoke.ts";

export interface RevokeTokenDeps extends RevokeDeps {
  readonly keys: KeyRing;
}

export interface RevokeToken {
  readonly token: Secret;
  readonly credentials: ClientCredentials;
}

/** What a text turned out to be. `nothing`: never issued, or over already; both are success (RFC 7009 section 2.2). */
type Found =
  | { readonly kind: "nothing" }
  | { readonly kind: "unsupported" }
  | {
      readonly kind: "token";
      readonly of: FactBodies["token_revocation_refused"]["token"];
      readonly client: ClientId;
      readonly session: SessionId | null;
      readonly target: Target;
    };

const NOTHING: Found = { kind: "nothing" };

/**
 * Answers the revocation that was committed, or null when there was nothing to take away. Refuses `client_unauthenticated`,
 * `token_of_another_client` (nothing is taken away; a fact says who tried) and `token_type_unsupported` for a secret of ours that is no token.
 * Throws a Fault, never success, when nothing is committed. A `token_type_hint` would change nothing: each kind has a form of its own.
 */
export async function revokeToken(deps: RevokeTokenDeps, request: RevokeToken): Promise<Answer<Revocation | null>> {
  const { tenant } = deps.issuer;
  const look = lookAt(deps, request.token.reveal());
  const asked = [ringKey(tenant), clientKey(tenant, request.credentials.clientId), ...look.rows];
  const random = deps.dice.bytes(10);
  let outdatedSecret = false;
  const answered = await change<Answer<Revocation | null>>(deps.store, deps.dice, asked, (snapshot) => {
    const keys = deps.keys.open(snapshot);
    const caller = authenticateClient(tenant, request.credentials, snapshot, keys.mac);
    if (caller === undefined) return answer(refused("client_unauthenticated"));
    ({ outdatedSecret } = caller);
    const found = look.find(snapshot, keys);
    if (found.kind === "nothing") return answer(granted(null));
    if (found.kind === "unsupported") return answer(refused("token_type_unsupported"));
    const actor = caller.client.id;
    if (found.client !== actor) return notTheirs(tenant, actor, found, snapshot);
    const why = { endReason: "signed_out", reason: null, ticket: null, actor } as const;
    return revoking(deps, { targets: [found.target], ...why }, snapshot, random);
  });
  if (outdatedSecret) await rehashSecret(deps, tenant, request.credentials);
  return answered;
}

interface Look {
  readonly rows: readonly RowKey[];
  readonly find: (snapshot: Snapshot, keys: OpenKeys) => Found;
}

/** Touches no store. Each kind has a prefix or a form of its own, so it is read as one of them alone. */
function lookAt(deps: RevokeTokenDeps, text: string): Look {
  const { tenant } = deps.issuer;
  const parts = parseRefreshToken(text);
  if (parts !== undefined) {
    const rows = [sessionKey({ tenant, id: parts.sid as SessionId })];
    return { rows, find: (snapshot, keys) => findRefresh(deps, parts, keys, snapshot) };
  }
  const opaque = presentedSessionToken(deps, text);
  if (opaque !== undefined) return { rows: opaque.rows, find: (snapshot) => findSession(deps, opaque, snapshot) };
  const access = presentedAccessToken(deps, text);
  if (access !== undefined) {
    const rows = [revokedTokenKey(tenant, access.claims.jti)];
    return { rows, find: (snapshot, keys) => findAccess(deps, access, keys, snapshot) };
  }
  const found: Found = parseClientSecret(text) === undefined ? NOTHING : { kind: "unsupported" };
  return { rows: [], find: () => found };
}

/**
 * A cookie stands for its session: whoever takes it away signs out, and all that hangs on the session is over. The token before the last
 * rotation does as well as the current one, as with refresh tokens: the newest may never have arrived, and an older one that leaked is no
 * reason to let its session live.
 */
function findSession(deps: RevokeTokenDeps, presented: PresentedSessionToken, snapshot: Snapshot): Found {
  const judged = judgeSessionTokenOn(deps, presented, snapshot);
  if (judged.kind === "inactive") return NOTHING;
  const session = judged.session.id;
  return { kind: "token", of: "session", client: judged.family.client, session, target: { kind: "session", session } };
}

function findAccess(
  { issuer }: RevokeTokenDeps,
  presented: PresentedAccessToken,
  keys: OpenKeys,
  snapshot: Snapshot,
): Found {
  const { claims, client } = presented;
  if (!isSigned(keys, presented)) return NOTHING;
  if (snapshot.clock >= (claims.exp + issuer.skew) * 1000) return NOTHING;
  if (snapshot.get(revokedTokenKey(issuer.tenant, claims.jti)) !== undefined) return NOTHING;
  const session = claims.sid === undefined ? null : (parseSessionId(claims.sid) ?? null);
  const target: Target = { kind: "token", jti: claims.jti, expires: instantOf(claims.exp * 1000) };
  return { kind: "token", of: "access", client, session, target };
}

/** A superseded generation does as well as the current one: whoever signs out may never have seen the last answer. */
function findRefresh(deps: RevokeTokenDeps, parts: RefreshTokenParts, keys: OpenKeys, snapshot: Snapshot): Found {
  const genuine = genuineRefreshToken(deps.issuer, parts, keys, snapshot);
  if (genuine === undefined) return NOTHING;
  const { session, family } = genuine;
  if (stateAt(session, snapshot.clock).kind === "ended" || family.ended !== null) return NOTHING;
  const alone = session.policy.onReuse === "family";
  const target: Target = alone
    ? { kind: "family", session: session.id, family: family.id }
    : { kind: "session", session: session.id };
  return { kind: "token", of: "refresh", client: family.client, session: session.id, target };
}

/** Nothing is taken away; a fact says who tried. */
function notTheirs(
  tenant: TenantId,
  client: ClientId,
  { session, of }: Extract<Found, { kind: "token" }>,
  { clock }: Snapshot,
): Decision<Answer<never>> {
  const body = { client, token: of } as const;
  const one =
    session === null
      ? fact(tenant, clock, "token_revocation_refused", body)
      : sessionFact(tenant, session, clock, "token_revocation_refused", body);
  return write({ rows: [], facts: [one], answer: () => refused("token_of_another_client") });
}
