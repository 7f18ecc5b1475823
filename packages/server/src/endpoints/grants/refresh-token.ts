// RFC 6749 section 6, with rotation (RFC 9700 section 4.14.2). The verdict stands in a header, for operators and tests; what the five
// refusals have in common is everything that a thief could see.

import { type RefreshOutcome, refresh, Secret } from "@hallpass/core";
import { type Reply, refuse } from "../../replies.ts";
import type { Services } from "../../services.ts";
import { judged } from "../client-credentials.ts";
import type { Exchange } from "../endpoint.ts";
import { type Grant, grantedReply, scopeOf, type TokenRequest, tokenReply } from "./grant.ts";

/** Constant, so that no answer builds one. Who holds a stolen token learns nothing: `misbound` reads `unknown` (spec/refresh-token.md). */
const VERDICTS: Readonly<Record<RefreshOutcome, Readonly<Record<string, string>>>> = {
  unknown: { "hallpass-verdict": "unknown" },
  misbound: { "hallpass-verdict": "unknown" },
  ended: { "hallpass-verdict": "ended" },
  rotated: { "hallpass-verdict": "rotated" },
  retried: { "hallpass-verdict": "retried" },
  recovered: { "hallpass-verdict": "recovered" },
  superseded: { "hallpass-verdict": "superseded" },
  reused: { "hallpass-verdict": "reused" },
};

async function answer(services: Services, exchange: Exchange, request: TokenRequest): Promise<Reply> {
  const { form, credentials, audience } = request;
  const text = form.get("refresh_token");
  if (text === undefined) return refuse(exchange, "parameter_missing");
  const scope = scopeOf(form);
  if (scope === "malformed") return refuse(exchange, "scope_malformed");
  const refreshed = await refresh(services, { token: new Secret(text), credentials, scope, audience });
  if (refreshed.kind === "denied") {
    const isKnown = refreshed.code !== "client_unauthenticated";
    return judged(services, exchange, credentials, isKnown) ?? refuse(exchange, refreshed.code);
  }
  services.observer.refreshed(refreshed.outcome);
  const verdict = VERDICTS[refreshed.outcome];
  if (refreshed.kind === "refused") return refuse(exchange, "refresh_refused", verdict);
  const { access, refresh: successor, scope: granted } = refreshed.tokens;
  if (access === null) throw new Error("a refresh was granted without an access token");
  services.observer.tokenSize(access.size);
  return grantedReply(exchange, tokenReply(access, successor, granted), verdict);
}

export const refreshToken: Grant = { type: "refresh_token", secrets: "open", answer };
