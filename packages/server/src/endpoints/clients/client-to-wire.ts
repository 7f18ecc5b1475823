// A client as /v1 shows it: how many secrets it has and since when, never a hash.

import { type Client, signingAlgOf } from "@hallpass/core";

export function clientToWire(client: Client): object {
  return {
    client_id: client.id,
    name: client.name,
    token_endpoint_auth_method: client.authentication,
    grant_types: client.grants,
    scope: client.scope.join(" "),
    audiences: client.audiences,
    policy: client.policy,
    access_token_signing_alg: signingAlgOf(client),
    status: client.status,
    ...(client.keys?.kind === "registered" ? { jwks: { keys: client.keys.jwks } } : {}),
    ...(client.keys?.kind === "published" ? { jwks_uri: client.keys.uri } : {}),
    ...(client.certificate === undefined
      ? {}
      : { [`tls_client_auth_${client.certificate.kind}`]: client.certificate.value }),
    ...(client.origins === undefined ? {} : { allowed_origins: client.origins }),
    ...(client.tokenLimit === undefined ? {} : { token_limit: client.tokenLimit }),
    mandate: client.mandate ?? null,
    roles: client.roles ?? [],
    secrets: client.secrets.map(({ added, until }) => ({ added_ms: added, until_ms: until ?? null })),
  };
}
