// What a grant is: how it answers a token request whose form and client were read already.

import type { ClientCredentials, MintedAccessToken, Secret } from "@hallpass/core";
import { type Form, parseScope } from "@hallpass/protocol";
import { type Reply, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Answer, Exchange } from "../endpoint.ts";

export interface TokenRequest {
  readonly form: Form;
  readonly credentials: ClientCredentials;
  readonly audience: readonly string[] | undefined;
}

export interface Grant {
  readonly type: string;
  /**
   * `guarded`: who failed to authenticate too often waits before the next secret is looked at. `open`: it is looked at, because the token that
   * comes with it can be guessed by nobody, and whoever fails in a client's name must not stop its sessions.
   */
  readonly secrets: "guarded" | "open";
  readonly answer: (services: Services, exchange: Exchange, request: TokenRequest) => Answer;
}

/** The scope that is asked for: undefined for none, `malformed` for a text that is no scope. */
export function scopeOf(form: Form): readonly string[] | undefined | "malformed" {
  const text = form.get("scope");
  return text === undefined ? undefined : (parseScope(text) ?? "malformed");
}

/** RFC 6749 section 5.1. */
export interface TokenReply {
  readonly access_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
}

export function tokenReply(access: MintedAccessToken, refresh: Secret | null, scope: readonly string[]): TokenReply {
  const answer = {
    access_token: access.token.reveal(),
    token_type: "Bearer",
    expires_in: access.expiresIn,
    scope: scope.join(" "),
  } as const;
  return refresh === null ? answer : { ...answer, refresh_token: refresh.reveal() };
}

export function grantedReply(exchange: Exchange, body: TokenReply, more?: Readonly<Record<string, string>>): Reply {
  return reply(exchange, 200, body, more);
}
