// The Authorization header, read as Bearer (RFC 6750 section 2.1) or Basic (RFC 7617, with the
// encoding of RFC 6749 section 2.3.1).
// A header sent twice reaches us joined by a comma; a comma is in neither grammar, so two
// credentials are never read as one. The text is a secret: no result but the parsed credential
// carries any of it.

import { decodeBase64url } from "./base64url.ts";
import { decodeFormComponent, literalText } from "./form-component.ts";

export type BearerHeader =
  | { readonly kind: "absent" }
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "malformed" }
  | { readonly kind: "other_scheme"; readonly scheme: string };

export type BasicHeader =
  | { readonly kind: "absent" }
  | { readonly kind: "basic"; readonly clientId: string; readonly clientSecret: string }
  | { readonly kind: "malformed" }
  | { readonly kind: "other_scheme"; readonly scheme: string };

/** Characters of the whole value; longer is malformed, before any of it is looked at. */
export const MAX_AUTHORIZATION_LENGTH = 8192;

const COLON = 0x3a;
const MAX_SCHEME_LENGTH = 32;

const SCHEME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const BASE64_BODY = /^[A-Za-z0-9+/]+$/;

const ABSENT = { kind: "absent" } as const;
const MALFORMED = { kind: "malformed" } as const;

/** The value of the header as the platform gives it, null when there is none. */
export function parseBearer(headerValue: string | null): BearerHeader {
  if (headerValue === null) return ABSENT;
  const credentials = splitScheme(headerValue);
  if (credentials === undefined) return MALFORMED;
  if (credentials.scheme !== "bearer") return { kind: "other_scheme", scheme: credentials.scheme };
  return B64TOKEN.test(credentials.rest) ? { kind: "bearer", token: credentials.rest } : MALFORMED;
}

/** An empty secret is returned as such: whether a client may have none is not a matter of syntax. */
export function parseBasic(headerValue: string | null): BasicHeader {
  if (headerValue === null) return ABSENT;
  const credentials = splitScheme(headerValue);
  if (credentials === undefined) return MALFORMED;
  if (credentials.scheme !== "basic") return { kind: "other_scheme", scheme: credentials.scheme };
  const bytes = decodePaddedBase64(credentials.rest);
  if (bytes === undefined) return MALFORMED;
  const colon = bytes.indexOf(COLON);
  if (colon < 1) return MALFORMED;
  const text = literalText(bytes);
  if (text !== undefined) return { kind: "basic", clientId: text.slice(0, colon), clientSecret: text.slice(colon + 1) };
  const clientId = decodeFormComponent(bytes.subarray(0, colon));
  const clientSecret = decodeFormComponent(bytes.subarray(colon + 1));
  if (clientId === undefined || clientSecret === undefined) return MALFORMED;
  return { kind: "basic", clientId, clientSecret };
}

// The scheme in lower case (RFC 9110 section 11.1), and what follows exactly one space.
function splitScheme(value: string): { readonly scheme: string; readonly rest: string } | undefined {
  if (value.length > MAX_AUTHORIZATION_LENGTH) return undefined;
  // As almost everybody spells it: nothing of it has to be judged by a pattern.
  if (value.startsWith("Basic ")) return { scheme: "basic", rest: value.slice(6) };
  if (value.startsWith("Bearer ")) return { scheme: "bearer", rest: value.slice(7) };
  const space = value.indexOf(" ");
  const scheme = space === -1 ? value : value.slice(0, space);
  if (scheme.length > MAX_SCHEME_LENGTH || !SCHEME.test(scheme)) return undefined;
  return { scheme: scheme.toLowerCase(), rest: space === -1 ? "" : value.slice(space + 1) };
}

// RFC 4648 section 4: padded to a multiple of four, spare bits zero.
function decodePaddedBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const body = text.endsWith("==") ? text.slice(0, -2) : text.endsWith("=") ? text.slice(0, -1) : text;
  if (!BASE64_BODY.test(body)) return undefined;
  // Most have neither, and looking costs less than replacing nothing.
  const isPlain = !body.includes("+") && !body.includes("/");
  return decodeBase64url(isPlain ? body : body.replaceAll("+", "-").replaceAll("/", "_"));
}
