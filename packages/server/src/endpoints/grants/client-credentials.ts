// RFC 6749 section 4.4: a token for a service itself. No refresh token (section 4.4.3). Who asks for more tokens than their lifetime needs
// gets 429 (RFC 6585 section 4).

import { issueClientToken } from "@hallpass/core";
import { type Reply, refuse } from "../../replies.ts";
import type { Services } from "../../services.ts";
import { judged, retryAfter } from "../client-credentials.ts";
import type { Exchange } from "../endpoint.ts";
import { type Grant, grantedReply, scopeOf, type TokenRequest, tokenReply } from "./grant.ts";

async function answer(services: Services, exchange: Exchange, request: TokenRequest): Promise<Reply> {
  const { form, credentials, audience } = request;
  const scope = scopeOf(form);
  if (scope === "malformed") return refuse(exchange, "scope_malformed");
  const { limits } = services;
  const issued = await issueClientToken(services, { credentials, scope, audience }, limits.takeToken);
  const isKnown = issued.ok || issued.code !== "client_unauthenticated";
  const refusal = judged(services, exchange, credentials, isKnown);
  if (refusal !== undefined) return refusal;
  if (!issued.ok) return refuse(exchange, issued.code, "waitMs" in issued ? retryAfter(issued.waitMs) : undefined);
  const { access, scope: granted } = issued.value;
  services.observer.issued("client_credentials");
  services.observer.tokenSize(access.size);
  return grantedReply(exchange, tokenReply(access, null, granted));
}

export const clientCredentials: Grant = { type: "client_credentials", secrets: "guarded", answer };
