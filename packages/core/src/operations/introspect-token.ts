// What a token is good for, asked by a client that authenticates (RFC 7662). A verifier sees access tokens of its own audiences, a client
// the tokens that it was issued itself. For everybody else a token is as one that was never issued: nobody learns about tokens by asking.

import { authenticateClient, type ClientCredentials } from "../clients/authenticate.ts";
import type { Client } from "../clients/client.ts";
import { clientKey } from "../clients/client-row.ts";
import type { ClientId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Instant } from "../kernel/time.ts";
import { ringKey, type Signer } from "../keys/ring.ts";
import { judgeAccessToken, type LiveAccessToken } from "../tokens/judge-access-token.ts";
import { type JudgeRefreshDeps, judgeRefreshToken, type LiveRefreshToken } from "../tokens/judge-refresh-token.ts";
import { type JudgeSessionTokenDeps, judgeSessionToken, type LiveSessionToken } from "../tokens/judge-session-token.ts";

export type IntrospectTokenDeps = JudgeRefreshDeps & JudgeSessionTokenDeps;

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

const INACTIVE: Introspected = { kind: "inactive" };

/**
 * Refuses `client_unauthenticated` alone, for public clients too (RFC 7662 section 2.1); every other no is `inactive`. The kinds of token
 * are told apart by their form, so that a wrong `token_type_hint` changes nothing. Throws Faults of the store.
 */
export async function introspectToken(
  deps: IntrospectTokenDeps,
  request: IntrospectToken,
): Promise<Answer<Introspection>> {
  const { tenant } = deps.issuer;
  const snapshot = await deps.store.read([ringKey(tenant), clientKey(tenant, request.credentials.clientId)]);
  const keys = deps.keys.open(snapshot);
  const caller = authenticateClient(tenant, request.credentials, snapshot, keys.mac);
  if (caller === undefined || caller.client.authentication === "none") return refused("client_unauthenticated");
  const found = await look(deps, request.token.reveal(), caller.client);
  return granted({ client: caller.client.id, at: snapshot.clock, signer: keys.signer, found });
}

async function look(deps: IntrospectTokenDeps, text: string, client: Client): Promise<Introspected> {
  if (text.startsWith("hpr_")) {
    // Its own client's alone: a resource server that could ask would take a refresh token for an access token.
    const token = await judgeRefreshToken(deps, text, client.id);
    return token === undefined ? INACTIVE : { kind: "refresh", token };
  }
  const session = await judgeSessionToken(deps, text);
  if (session.kind === "live")
    return mayKnow(deps.issuer, client, session.family.client, session.family.audience)
      ? { kind: "session", token: session }
      : INACTIVE;
  const token = await judgeAccessToken(deps, text);
  return token !== undefined && mayKnow(deps.issuer, client, token.client, token.claims.aud)
    ? { kind: "access", token }
    : INACTIVE;
}

/** Tokens for this server's own API are nobody's but their client's and this server's. */
function mayKnow(issuer: Issuer, client: Client, owner: ClientId, audience: readonly string[]): boolean {
  if (owner === client.id) return true;
  if (!client.scope.includes(VERIFIER_SCOPE)) return false;
  return audience.some((one) => one !== issuer.url && client.audiences.includes(one));
}
