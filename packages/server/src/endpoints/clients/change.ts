// PATCH /v1/clients/{id}: changes what a client is registered for. Members that are absent stay; what it was given before is not touched.

import { type CertificateName, type ClientChange, changeClient, parseClientId } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { giverOf, mayMake, rolesKnown } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { certificateIn, certificateNames, clientKeys, jwks, jwksUri, origins, tokenLimit } from "./client-fields.ts";
import { clientToWire } from "./client-to-wire.ts";
import * as registration from "./mandate-fields.ts";

const body = z.strictObject({
  name: fields.words.optional(),
  grant_types: z
    .array(z.enum(["refresh_token", "client_credentials"]))
    .max(2)
    .optional(),
  scope: fields.scope.optional(),
  audiences: fields.audience.optional(),
  policy: fields.words.optional(),
  mandate: registration.mandate.optional(),
  roles: registration.roles.optional(),
  jwks: jwks.optional(),
  jwks_uri: jwksUri.optional(),
  ...certificateNames,
  allowed_origins: origins.optional(),
  token_limit: tokenLimit.nullable().optional(),
});

export const changeBody: z.ZodType = body;

export async function change(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = parseClientId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "client_not_found");
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  // RFC 7591 section 2: never both.
  if (read.value.jwks !== undefined && read.value.jwks_uri !== undefined)
    return refuse(exchange, "client_keys_misplaced");
  const certificate = certificateIn(read.value);
  if (certificate === "misplaced") return refuse(exchange, "client_certificate_misplaced");
  const giver = await giverOf(services, caller);
  if (!rolesKnown(giver, read.value.roles ?? [])) return refuse(exchange, "role_unknown");
  const changed = await changeClient(services, id, changeOf(read.value, certificate), caller.actor, (before, after) =>
    mayMake(services, giver, before, after),
  );
  if (!changed.ok) return refuse(exchange, changed.code);
  return reply(exchange, 200, { ...clientToWire(changed.value.client), changed: changed.value.changed });
}

function changeOf(value: z.infer<typeof body>, certificate: CertificateName | undefined): ClientChange {
  const { grant_types: grants, audiences, jwks: registered, jwks_uri: uri, allowed_origins: allowed } = value;
  const { name, scope, policy, mandate, roles, token_limit: limit } = value;
  const rest = { name, scope, policy, mandate, roles, certificate };
  const keys = clientKeys(registered, uri);
  const given = Object.entries(rest).filter(([, one]) => one !== undefined);
  return {
    ...(Object.fromEntries(given) as ClientChange),
    ...(grants === undefined ? {} : { grants: [...new Set(grants)] }),
    ...(audiences === undefined ? {} : { audiences: [...new Set(audiences)] }),
    ...(keys === undefined ? {} : { keys }),
    ...(limit === undefined ? {} : { tokenLimit: limit }),
    ...(allowed === undefined ? {} : { origins: [...new Set(allowed)] }),
  };
}
