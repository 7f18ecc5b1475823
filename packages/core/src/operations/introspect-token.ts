// What a token is good for, asked by a client that authenticates (RFC 7662). A verifier sees access tokens of its own audiences, a client
// the tokens that it was issued itself. For everybody else a token is as one that was never issued: nobody learns about tokens by asking.

import { authenticateClient, type ClientCredentials } from "../clients/authenticate.ts";
import type { Client } from "../clients/client.ts";
import { clientKey } from "../clients/client-row.ts";
import { rolesFromRow, rolesKey, scopesOf } from "../clients/roles.ts";
import type { ClientId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Instant } from "../kernel/time.ts";
import { ringKey, type Signer } from "../keys/ring.ts";
import { distinctOfFew } from "../store/distinct.ts";
import type { MaybePromise, Snapshot } from "../store/store.ts";
import type { LiveAccessToken } from "../tokens/judge-access-token.ts";
import { judgeRefreshTokenOn, type LiveRefreshToken, refreshTokenRows } from "../tokens/judge-refresh-token.ts";
import type { LiveSessionToken } from "../tokens/judge-session-token.ts";
import { INACTIVE, type JudgedToken, type JudgeTokenDeps, lookAt } from "../tokens/judge-token.ts";
import { type RehashSecretDeps, rehashSecret } from "./rehash-secret.ts";

export type IntrospectTokenDeps = JudgeTokenDeps & RehashSecretDeps;

export interface IntrospectToken {
  readonly token: Secret;
  readonly credentials: ClientCredentials;
}

export type Introspected =
  | { readonly kind: "inactive" }
  | { readonly kind: "access"; readonly token: LiveAccessToken }
  | { readonly kind: "session"; readonly token: LiveSessionToken }
  | { readonly kind: "refresh"; readonly token: LiveRefreshToken };

export interface Introspection {
  /** Who asked. */
  readonly client: ClientId;
  /** The store's time of the question: no later than what the answer is true for. */
  readonly at: Instant;
  /** For an answer that is signed. */
  readonly signer: Signer;
  readonly found: Introspected;
}

/** The scope of those who verify tokens of others. */
const VERIFIER_SCOPE = "feed";

/**
 * Refuses `client_unauthenticated` alone, for public clients too (RFC 7662 section 2.1); every other no is `inactive`. The kinds of token
 * are told apart by their form, so that a wrong `token_type_hint` changes nothing. One read, whatever was asked about. Throws Faults of the
 * store, or rejects with them; with what the store answers at once there is no promise.
 */
export function introspectToken(
  deps: IntrospectTokenDeps,
  request: IntrospectToken,
): MaybePromise<Answer<Introspection>> {
  const { tenant } = deps.issuer;
  const { clientId } = request.credentials;
  const text = request.token.reveal();
  const isRefresh = text.startsWith("hpr_");
  const look = lookAt(deps, isRefresh ? "" : text);
  const rows = isRefresh ? refreshTokenRows(deps.issuer, text, clientId) : look.rows;
  const judge = (snapshot: Snapshot): MaybePromise<Answer<Introspection>> => {
    const keys = deps.keys.open(snapshot);
    const caller = authenticateClient(tenant, request.credentials, snapshot, keys.mac);
    if (caller === undefined || caller.client.authentication === "none") return refused("client_unauthenticated");
    const found = isRefresh
      ? findRefresh(deps, text, caller.client, snapshot)
      : find(deps, look.judge(snapshot), caller.client, snapshot);
    const answer = granted({ client: caller.client.id, at: snapshot.clock, signer: keys.signer, found });
    return caller.outdatedSecret ? rehashSecret(deps, tenant, request.credentials).then(() => answer) : answer;
  };
  const read = deps.store.read(distinctOfFew(rows, [ringKey(tenant), clientKey(tenant, clientId), rolesKey(tenant)]));
  return read instanceof Promise ? read.then(judge) : judge(read);
}

/** Its own client's alone: a resource server that could ask would take a refresh token for an access token. */
function findRefresh(deps: IntrospectTokenDeps, text: string, client: Client, snapshot: Snapshot): Introspected {
  const token = judgeRefreshTokenOn(deps, text, client.id, snapshot);
  return token === undefined ? INACTIVE : { kind: "refresh", token };
}

function find(deps: IntrospectTokenDeps, judged: JudgedToken, client: Client, snapshot: Snapshot): Introspected {
  switch (judged.kind) {
    case "inactive":
    case "superseded":
      return INACTIVE;
    case "session": {
      const { client: owner, audience } = judged.token.family;
      return mayKnow(deps.issuer, client, owner, audience, snapshot) ? judged : INACTIVE;
    }
    case "access": {
      const { client: owner, claims } = judged.token;
      return mayKnow(deps.issuer, client, owner, claims.aud, snapshot) ? judged : INACTIVE;
    }
  }
}

/** Tokens for this server's own API are nobody's but their client's and this server's. */
function mayKnow(
  issuer: Issuer,
  client: Client,
  owner: ClientId,
  audience: readonly string[],
  snapshot: Snapshot,
): boolean {
  if (owner === client.id) return true;
  if (!client.scope.includes(VERIFIER_SCOPE) && !rolesGive(issuer, client, snapshot)) return false;
  return audience.some((one) => one !== issuer.url && client.audiences.includes(one));
}

/** As it is now: a role that shrinks takes effect at once. */
function rolesGive({ tenant }: Issuer, { roles = [] }: Client, snapshot: Snapshot): boolean {
  return roles.length > 0 && scopesOf(rolesFromRow(snapshot.get(rolesKey(tenant))), roles).includes(VERIFIER_SCOPE);
}
