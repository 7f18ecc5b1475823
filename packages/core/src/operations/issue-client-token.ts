// The client_credentials grant: a token for a service itself. Nothing is written; the client's cut-off and status are read with the head.

import { authenticateClient, type ClientCredentials } from "../clients/authenticate.ts";
import { type Client, grantedAudience, grantedScope, signingAlgOf } from "../clients/client.ts";
import { clientKey } from "../clients/client-row.ts";
import { scopesOf } from "../clients/roles.ts";
import type { ClientId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Seconds } from "../kernel/time.ts";
import { type KeyRing, ringKey, signerOf } from "../keys/ring.ts";
import type { Store } from "../store/store.ts";
import { draftAccessToken, type MintedAccessToken, signAccessToken } from "../tokens/access-token.ts";
import { rehashSecret } from "./rehash-secret.ts";
import { readRoles } from "./roles.ts";

export interface IssueClientTokenDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
  readonly clientTokenLifetime: Seconds;
}

export interface IssueClientToken {
  readonly credentials: ClientCredentials;
  readonly scope: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
}

export interface ClientToken {
  readonly client: ClientId;
  readonly access: MintedAccessToken;
  readonly scope: readonly string[];
}

/** How long there is no token for a client that asked for too many, in milliseconds; 0 counts one. Asked when nothing else is in the way. */
export type TakeToken = (client: Client) => number;

export interface TooManyTokens {
  readonly ok: false;
  readonly code: "token_rate_exceeded";
  readonly waitMs: number;
}

/**
 * Refuses an unauthenticated client, a public one (RFC 6749 §4.4), scope or audience beyond what it is registered for, and
 * `token_rate_exceeded` where `take` has none left.
 */
export async function issueClientToken(
  deps: IssueClientTokenDeps,
  request: IssueClientToken,
  take: TakeToken = () => 0,
): Promise<Answer<ClientToken> | TooManyTokens> {
  const { tenant, url } = deps.issuer;
  const snapshot = await deps.store.read([ringKey(tenant), clientKey(tenant, request.credentials.clientId)]);
  const keys = deps.keys.open(snapshot);
  const caller = authenticateClient(tenant, request.credentials, snapshot, keys.mac);
  if (caller === undefined) return refused("client_unauthenticated");
  const { client } = caller;
  if (client.authentication === "none" || !client.grants.includes("client_credentials"))
    return refused("grant_not_allowed");
  const audience = grantedAudience(client, request.audience);
  if (audience === undefined) return refused("audience_not_allowed");
  const scope = grantedScope(await withRoles(deps, client, audience), request.scope);
  if (scope === undefined) return refused("scope_not_allowed");
  const waitMs = take(client);
  if (waitMs > 0) return { ok: false, code: "token_rate_exceeded", waitMs };
  const draft = draftAccessToken(
    {
      issuer: url,
      subject: client.id,
      audience,
      client: client.id,
      scope,
      pos: snapshot.head.pos,
      now: snapshot.clock,
      lifetime: deps.clientTokenLifetime,
      notAfter: null,
      session: null,
    },
    signerOf(keys, { alg: signingAlgOf(client), client: client.id, session: null }),
    deps.dice,
  );
  if (draft === undefined) return refused("token_too_large");
  if (caller.outdatedSecret) await rehashSecret(deps, tenant, request.credentials);
  return granted({ client: client.id, access: await signAccessToken(draft), scope });
}

/** What a role gives is scope of this issuer's own API: it stands in tokens for the issuer alone. */
async function withRoles(
  { store, issuer }: IssueClientTokenDeps,
  client: Client,
  audience: readonly string[],
): Promise<Client> {
  const { roles = [] } = client;
  if (roles.length === 0 || audience.some((one) => one !== issuer.url)) return client;
  const given = scopesOf(await readRoles(store, issuer.tenant), roles);
  return { ...client, scope: [...new Set([...client.scope, ...given])] };
}
