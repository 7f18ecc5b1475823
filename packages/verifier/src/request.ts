// The credential of a request: exactly one Authorization header, or exactly one cookie of exactly one name.
// A cookie is sent by the browser whoever wrote the page, so an unsafe method needs proof of where it comes from.

import { cookieValues, isOwnPage, isSafeMethod, parseBearer } from "@hallpass/protocol";
import type { CookieOptions } from "./options.ts";
import type { RejectionCode } from "./verdict.ts";

/** What is looked at; adapters build it from their framework's request. */
export interface Credentials {
  readonly method: string;
  /** Every value that was sent, or the one that the platform joined. */
  readonly authorization: readonly string[];
  readonly cookie: readonly string[];
  readonly origin: string | null;
  readonly fetchSite: string | null;
  /** A WebSocket is opened with GET, also by a foreign page. */
  readonly upgrade: boolean;
}

export type Found =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "refused"; readonly code: RejectionCode };

export function credentialsOf(request: Request): Credentials {
  const { headers } = request;
  return {
    method: request.method,
    authorization: valuesOf(headers.get("authorization")),
    cookie: valuesOf(headers.get("cookie")),
    origin: headers.get("origin"),
    fetchSite: headers.get("sec-fetch-site"),
    upgrade: headers.has("upgrade"),
  };
}

const BEARER = "Bearer ";

/** What follows `Bearer` in the only Authorization header, as it came: nothing has looked at its characters. Undefined for any other spelling. */
export function soleBearer({ authorization }: Credentials): string | undefined {
  const [header] = authorization;
  return authorization.length === 1 && header?.startsWith(BEARER) === true ? header.slice(BEARER.length) : undefined;
}

/** A header decides over the cookie: nobody's browser adds it by itself. */
export function findToken(credentials: Credentials, cookie: CookieOptions | undefined): Found {
  const { authorization } = credentials;
  if (authorization.length > 1) return refused("malformed_request");
  const [header] = authorization;
  if (header !== undefined) {
    const bearer = parseBearer(header);
    if (bearer.kind === "bearer") return { kind: "token", token: bearer.token };
    return refused(bearer.kind === "malformed" ? "malformed_request" : "no_credentials");
  }
  return cookie === undefined ? refused("no_credentials") : fromCookie(credentials, cookie);
}

function fromCookie(credentials: Credentials, cookie: CookieOptions): Found {
  const values = cookieValues(credentials.cookie, cookie.name);
  const [token] = values;
  if (token === undefined || token === "") return refused("no_credentials");
  // Two cookies of one name: one of them is not the one we set (C-02).
  if (values.length > 1) return refused("malformed_request");
  const unsafe = !isSafeMethod(credentials.method.toUpperCase()) || credentials.upgrade;
  return unsafe && !isOwnPage(credentials, cookie.origins) ? refused("cross_site_request") : { kind: "token", token };
}

function valuesOf(header: string | null): readonly string[] {
  return header === null ? [] : [header];
}

function refused(code: RejectionCode): Found {
  return { kind: "refused", code };
}
