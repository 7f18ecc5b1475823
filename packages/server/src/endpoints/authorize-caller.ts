// Who may call /v1: a client with an access token of this issuer, for this issuer, with the scope of the row. Its registration counts as
// it is now: a scope, a role or a mandate that was taken from it opens nothing from then on, whatever its token says.

import {
  type ClientId,
  mandateOf,
  type RowKey,
  readAccessToken,
  readRoles,
  type Snapshot,
  scopesOf,
} from "@hallpass/core";
import { parseBearer } from "@hallpass/protocol";
import { type Reply, refuse, refuseBearer } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Caller, Exchange } from "./endpoint.ts";
import { readActor } from "./human-actor.ts";
import type { Scope } from "./scopes.ts";

export type Authorized =
  /** `snapshot`: on which it was judged, with what was read along. */
  | { readonly ok: true; readonly caller: Caller; readonly snapshot: Snapshot }
  /** `client` is who was authenticated and still refused. */
  | { readonly ok: false; readonly refusal: Reply; readonly client: ClientId | null };

/** Throws Faults of the store: who can't be judged is neither let in nor sent away. */
export async function authorizeCaller(
  services: Services,
  exchange: Exchange,
  scope: Scope,
  along?: (client: ClientId) => readonly RowKey[],
): Promise<Authorized> {
  const header = parseBearer(exchange.request.headers.get("authorization"));
  // RFC 6750 section 3.1: whoever sent no credentials learns no error code.
  if (header.kind === "absent" || header.kind === "other_scheme")
    return refusedOf(null, refuseBearer(exchange, "bearer_missing", {}));
  if (header.kind === "malformed")
    return refusedOf(null, refuseBearer(exchange, "bearer_malformed", { error: "invalid_request" }));
  const read = await readAccessToken(services, header.token, along);
  if (read === undefined || !read.live.claims.aud.includes(services.issuer.url))
    return refusedOf(null, refuseBearer(exchange, "bearer_refused", { error: "invalid_token" }));
  const { live: token, snapshot } = read;
  const { client, registered } = token;
  // A session speaks for its subject. If its tokens opened this API, whoever may open sessions could make itself an operator.
  if (token.claims.sid !== undefined)
    return refusedOf(client, refuseBearer(exchange, "bearer_of_a_session", { error: "insufficient_scope" }));
  const held = token.claims.scope;
  const isRegistered = registered.scope.includes(scope) || (await scopeOfRoles(services, registered)).includes(scope);
  if (!held.includes(scope) || !isRegistered) {
    const challenge = { error: "insufficient_scope", scope: [scope] } as const;
    return refusedOf(client, refuseBearer(exchange, "scope_missing", challenge));
  }
  const shown = readActor(services, exchange.request);
  const human = shown instanceof Promise ? await shown : shown;
  if (!human.ok) return refusedOf(client, refuse(exchange, human.code));
  const { actor } = human;
  const caller = { token, scope: held, mandate: mandateOf(registered), actor: actor?.id ?? client, human: actor };
  return { ok: true, caller, snapshot };
}

function refusedOf(client: ClientId | null, refusal: Reply): Authorized {
  return { ok: false, client, refusal };
}

async function scopeOfRoles(
  services: Services,
  client: { readonly roles?: readonly string[] },
): Promise<readonly string[]> {
  const { roles = [] } = client;
  return roles.length === 0 ? [] : scopesOf(await readRoles(services.store, services.tenant), roles);
}
