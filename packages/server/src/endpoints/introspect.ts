// Introspection (RFC 7662), for verifiers whose view is too old. Accepts a form; from a confidential client that is registered for the feed;
// judges by the rows themselves; answers `active: false` and nothing else for everything that is not for this caller, so that nobody
// learns about tokens that were never shown to it.

import {
  authenticateClient,
  type Client,
  clientKey,
  judgeAccessToken,
  type LiveAccessToken,
  ringKey,
} from "@hallpass/core";
import { isMediaType, parseForm } from "@hallpass/protocol";
import { type Reply, refuse, reply } from "../replies.ts";
import type { Services } from "../services.ts";
import { clientOf } from "./client-credentials.ts";
import type { Exchange } from "./endpoint.ts";

const FORM = "application/x-www-form-urlencoded";
const LIMITS = { maxLength: 16_384, maxParameters: 16 };
const INACTIVE = { active: false };

/** Of a token's claims, those that a resource server judges by. */
const SHOWN = "iss sub aud client_id scope iat exp jti sid auth_time acr amr".split(" ");

export async function introspect(services: Services, exchange: Exchange): Promise<Reply> {
  const { headers } = exchange.request;
  if (!isMediaType(headers.get("content-type"), FORM)) return refuse(exchange, "form_required");
  const parsed = parseForm(exchange.body, LIMITS);
  if (!parsed.ok) return refuse(exchange, parsed.code);
  const presented = clientOf(headers.get("authorization"), parsed.form);
  if (presented.kind === "refused") return refuse(exchange, presented.code);
  const token = parsed.form.get("token");
  if (token === undefined) return refuse(exchange, "parameter_missing");
  const { tenant, keys, store } = services;
  const { clientId } = presented.credentials;
  const snapshot = await store.read([ringKey(tenant), clientKey(tenant, clientId)]);
  const caller = authenticateClient(tenant, presented.credentials, snapshot, keys.open(snapshot).mac);
  if (caller === undefined || caller.client.authentication === "none")
    return refuse(exchange, "client_unauthenticated");
  const live = await judgeAccessToken(services, token);
  const active = live !== undefined && isFor(services, caller.client, live);
  return reply(exchange, 200, active ? { active: true, token_type: "Bearer", ...shown(live) } : INACTIVE);
}

/** A verifier sees the tokens of its own audiences. Tokens for this server's own API are nobody's but this server's. */
function isFor(services: Services, client: Client, { claims }: LiveAccessToken): boolean {
  if (!client.scope.includes("feed")) return false;
  return claims.aud.some((one) => one !== services.issuer.url && client.audiences.includes(one));
}

function shown({ claims }: LiveAccessToken): object {
  return Object.fromEntries(
    SHOWN.flatMap((name) => (claims.all[name] === undefined ? [] : [[name, claims.all[name]]])),
  );
}
