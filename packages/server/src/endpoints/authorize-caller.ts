// Who may call /v1: a client with an access token of this issuer, for this issuer, with the scope of the row.

import { judgeAccessToken } from "@hallpass/core";
import { parseBearer } from "@hallpass/protocol";
import { type Reply, refuseBearer } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Caller, Exchange } from "./endpoint.ts";
import type { Scope } from "./scopes.ts";

export type Authorized =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly refusal: Reply };

/** Throws Faults of the store: who can't be judged is neither let in nor sent away. */
export async function authorizeCaller(services: Services, exchange: Exchange, scope: Scope): Promise<Authorized> {
  const header = parseBearer(exchange.request.headers.get("authorization"));
  // RFC 6750 section 3.1: whoever sent no credentials learns no error code.
  if (header.kind === "absent" || header.kind === "other_scheme")
    return { ok: false, refusal: refuseBearer(exchange, "bearer_missing", {}) };
  if (header.kind === "malformed")
    return { ok: false, refusal: refuseBearer(exchange, "bearer_malformed", { error: "invalid_request" }) };
  const token = await judgeAccessToken(services, header.token);
  if (token === undefined || !token.claims.aud.includes(services.issuer.url))
    return { ok: false, refusal: refuseBearer(exchange, "bearer_refused", { error: "invalid_token" }) };
  // A session speaks for its subject. If its tokens opened this API, whoever may open sessions could make itself an operator.
  if (token.claims.sid !== undefined)
    return { ok: false, refusal: refuseBearer(exchange, "bearer_of_a_session", { error: "insufficient_scope" }) };
  const held = token.claims.scope;
  if (!held.includes(scope)) {
    const challenge = { error: "insufficient_scope", scope: [scope] } as const;
    return { ok: false, refusal: refuseBearer(exchange, "scope_missing", challenge) };
  }
  return { ok: true, caller: { token, scope: held } };
}
