// The outer shape of a signed token: three exact parts, an allow-listed header, a strict payload.
// Nothing here is verified yet, and nothing here may cost more than the limits allow: lengths come
// before dots, dots before decoding, decoding before JSON.
// Header members that tell a reader where to find a key or how to read the rest (jwk, jku, x5c,
// crit, b64, zip, enc, ...) refuse by their presence: the key is chosen by kid from the issuer's
// own set, and by nothing the token says.

import { decodeBase64url, decodeBase64urlInto } from "./base64url.ts";
import {
  isJsonObject,
  type JsonLimits,
  type JsonObject,
  parseStrictJsonBytes,
  type StrictJsonRefusal,
} from "./strict-json.ts";

/** Characters, counted before anything is decoded. */
export interface JwsLimits {
  readonly token: number;
  readonly header: number;
  readonly payload: number;
}

export const JWS_LIMITS: JwsLimits = { token: 4096, header: 512, payload: 3072 };
export const MAX_KID_LENGTH = 128;

const HEADER_MEMBERS: ReadonlySet<string> = new Set(["alg", "typ", "kid"]);
const HEADER_JSON: JsonLimits = { maxLength: 384, maxDepth: 1, maxMembers: 8 };
/** Objects and arrays inside one another in a payload, itself counted; and members of all of them together. More is read by nobody. */
export const MAX_PAYLOAD_DEPTH = 12;
export const MAX_PAYLOAD_MEMBERS = 128;
// Its length is bounded before it is decoded.
const PAYLOAD_JSON: JsonLimits = {
  maxLength: Number.POSITIVE_INFINITY,
  maxDepth: MAX_PAYLOAD_DEPTH,
  maxMembers: MAX_PAYLOAD_MEMBERS,
};
/** What a part is decoded into, one after the other; longer parts than the usual limits get bytes of their own. */
const DECODED = new Uint8Array(4096);

// JWA names are letters, digits and hyphens (RFC 7518); `none ` and `none\0` are no names at all.
const ALGORITHM = /^[A-Za-z0-9-]{1,32}$/;
const PRINTABLE_ASCII = /^[\x21-\x7e]+$/;
const MAX_TYP_LENGTH = 64;
/** Bytes, least and most: ES256 is r and s of 32 each (RFC 7518 section 3.4), RS256 as long as a modulus of 2,048 to 4,096 bits. */
const SIGNATURE_LENGTHS: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ["ES256", [64, 64]],
  ["Ed25519", [64, 64]],
  ["RS256", [256, 512]],
]);

export type CompactJwsRefusal =
  | "jws_too_large"
  | "jws_malformed"
  | "jws_header"
  | "jws_algorithm"
  | "jws_signature"
  | StrictJsonRefusal;

export interface JwsHeader {
  readonly alg: string;
  readonly typ: string | undefined;
  readonly kid: string | undefined;
}

export interface JwsParts {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  /** What the signature covers: header, dot, payload, as they were sent. */
  readonly signingInput: string;
}

type Refused = { readonly ok: false; readonly code: CompactJwsRefusal };

export type SplitJws = { readonly ok: true; readonly parts: JwsParts } | Refused;
export type ParsedJwsHeader = { readonly ok: true; readonly header: JwsHeader } | Refused;
export type ParsedJwsPayload = { readonly ok: true; readonly payload: JsonObject } | Refused;
export type ParsedJwsSignature = { readonly ok: true; readonly signature: Uint8Array } | Refused;

export type CompactJws =
  | {
      readonly ok: true;
      readonly header: JwsHeader;
      readonly payload: JsonObject;
      readonly signingInput: string;
      readonly signature: Uint8Array;
    }
  | Refused;

/** Parses all of a token; which `alg` and `typ` are right is the caller's to judge. */
export function parseCompactJws(token: string, limits: JwsLimits = JWS_LIMITS): CompactJws {
  const split = splitCompactJws(token, limits);
  if (!split.ok) return split;
  const { parts } = split;
  const head = parseJwsHeader(parts.header);
  if (!head.ok) return head;
  const tail = parseJwsSignature(parts.signature, head.header.alg);
  if (!tail.ok) return tail;
  const body = parseJwsPayload(parts.payload);
  if (!body.ok) return body;
  return {
    ok: true,
    header: head.header,
    payload: body.payload,
    signingInput: parts.signingInput,
    signature: tail.signature,
  };
}

/** Lengths and dots only. A caller may remember parsed headers by the text of `parts.header`. */
export function splitCompactJws(token: string, limits: JwsLimits = JWS_LIMITS): SplitJws {
  if (token.length > limits.token) return refuse("jws_too_large");
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first < 1 || second <= first + 1 || second === token.length - 1) {
    return refuse("jws_malformed");
  }
  if (token.includes(".", second + 1)) return refuse("jws_malformed");
  if (first > limits.header || second - first - 1 > limits.payload) return refuse("jws_too_large");
  return {
    ok: true,
    parts: {
      header: token.slice(0, first),
      payload: token.slice(first + 1, second),
      signature: token.slice(second + 1),
      signingInput: token.slice(0, second),
    },
  };
}

/** The answer depends on the text alone, so it may be remembered by it. */
export function parseJwsHeader(text: string): ParsedJwsHeader {
  const parsed = parseJsonPart(text, HEADER_JSON);
  if (!parsed.ok) return parsed;
  for (const name of Object.keys(parsed.payload)) {
    if (!HEADER_MEMBERS.has(name)) return refuse("jws_header");
  }
  const { alg, typ, kid } = parsed.payload;
  if (typeof alg !== "string" || !ALGORITHM.test(alg)) return refuse("jws_header");
  if (!isAbsentOrShort(typ, MAX_TYP_LENGTH)) return refuse("jws_header");
  if (!isAbsentOrShort(kid, MAX_KID_LENGTH)) return refuse("jws_header");
  // RFC 8725 section 3.1 and 3.2: no unsecured token, and no secret that a verifier could share.
  if (/^(?:none$|hs)/i.test(alg)) return refuse("jws_algorithm");
  return { ok: true, header: { alg, typ, kid } };
}

/** The claims as they were written; none of them is judged here. */
export function parseJwsPayload(text: string): ParsedJwsPayload {
  return parseJsonPart(text, PAYLOAD_JSON);
}

/** The length is the algorithm's, so ES256 is never DER and never shorter. */
export function parseJwsSignature(text: string, alg: string): ParsedJwsSignature {
  const signature = decodeBase64url(text);
  if (signature === undefined) return refuse("jws_malformed");
  const [least, most] = SIGNATURE_LENGTHS.get(alg) ?? [0, Number.POSITIVE_INFINITY];
  if (signature.length < least || signature.length > most) return refuse("jws_signature");
  return { ok: true, signature };
}

function parseJsonPart(text: string, limits: JsonLimits): ParsedJwsPayload {
  const bytes = decodedPart(text);
  if (bytes === undefined) return refuse("jws_malformed");
  const json = parseStrictJsonBytes(bytes, limits);
  if (!json.ok) return json;
  if (!isJsonObject(json.value)) return refuse("jws_malformed");
  return { ok: true, payload: json.value };
}

// Read before the next part is decoded: a text is made of it at once.
function decodedPart(text: string): Uint8Array | undefined {
  if (text.length > DECODED.length) return decodeBase64url(text);
  const length = decodeBase64urlInto(text, DECODED);
  return length === undefined ? undefined : DECODED.subarray(0, length);
}

function isAbsentOrShort(value: JsonObject[string] | undefined, maxLength: number): value is string | undefined {
  if (value === undefined) return true;
  return typeof value === "string" && value.length <= maxLength && PRINTABLE_ASCII.test(value);
}

function refuse(code: CompactJwsRefusal): Refused {
  return { ok: false, code };
}
