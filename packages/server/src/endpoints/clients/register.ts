// POST /v1/clients: registers a client. Its secret is shown once.

import { type NewClient, registerClient } from "@hallpass/core";
import { DEFAULT_SIGNING_ALG } from "@hallpass/protocol";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import { AUTHENTICATION_METHODS } from "../client-credentials.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { giverOf, mayMake, ownMandate, rolesKnown } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { certificateIn, certificateNames, clientKeys, jwks, jwksUri, origins, tokenLimit } from "./client-fields.ts";
import { clientToWire } from "./client-to-wire.ts";
import * as registration from "./mandate-fields.ts";

const body = z.strictObject({
  client_id: fields.clientId,
  name: fields.words.optional(),
  token_endpoint_auth_method: z.enum(AUTHENTICATION_METHODS),
  jwks: jwks.optional(),
  jwks_uri: jwksUri.optional(),
  ...certificateNames,
  allowed_origins: origins.optional(),
  token_limit: tokenLimit.optional(),
  grant_types: z.array(z.enum(["refresh_token", "client_credentials"])).max(2),
  scope: fields.scope,
  audiences: fields.audience,
  policy: fields.words.default("consumer"),
  access_token_signing_alg: fields.signingAlg,
  mandate: registration.mandate.optional(),
  roles: registration.roles.optional(),
  secret_sha256: registration.secretSha256.optional(),
});

export const registerBody: z.ZodType = body;

export async function register(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const wanted = read.value;
  // RFC 7591 section 2: never both.
  if (wanted.jwks !== undefined && wanted.jwks_uri !== undefined) return refuse(exchange, "client_keys_misplaced");
  const keys = clientKeys(wanted.jwks, wanted.jwks_uri);
  const certificate = certificateIn(wanted);
  if (certificate === "misplaced") return refuse(exchange, "client_certificate_misplaced");
  if (wanted.token_endpoint_auth_method === "tls_client_auth" && !services.asksForCertificates)
    return refuse(exchange, "certificates_not_asked");
  const giver = await giverOf(services, caller);
  if (!rolesKnown(giver, wanted.roles ?? [])) return refuse(exchange, "role_unknown");
  const asked: Omit<NewClient, "mandate"> = {
    id: wanted.client_id,
    name: wanted.name ?? wanted.client_id,
    authentication: wanted.token_endpoint_auth_method,
    grants: [...new Set(wanted.grant_types)],
    scope: wanted.scope,
    audiences: [...new Set(wanted.audiences)],
    policy: wanted.policy,
    ...(keys === undefined ? {} : { keys }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(wanted.allowed_origins === undefined ? {} : { origins: [...new Set(wanted.allowed_origins)] }),
    ...(wanted.access_token_signing_alg === DEFAULT_SIGNING_ALG ? {} : { signingAlg: wanted.access_token_signing_alg }),
    ...(wanted.token_limit === undefined ? {} : { tokenLimit: wanted.token_limit }),
    ...(wanted.roles === undefined ? {} : { roles: wanted.roles }),
  };
  const client: NewClient = { ...asked, mandate: wanted.mandate ?? ownMandate(asked, caller) };
  const refusal = mayMake(services, giver, null, { ...client, secrets: [], status: "active" });
  if (refusal !== undefined) return refuse(exchange, refusal);
  const registered = await registerClient(services, client, caller.actor, wanted.secret_sha256 ?? null);
  if (!registered.ok) return refuse(exchange, registered.code);
  const { secret } = registered.value;
  const shown = secret === null ? {} : { client_secret: secret.reveal() };
  const made = clientToWire(registered.value.client);
  return reply(exchange, 201, { ...made, ...shown }, { location: `/v1/clients/${client.id}` });
}
