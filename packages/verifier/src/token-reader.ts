// From the text of a token to claims whose signature fits (AT-V1 to AT-V4). Says nothing yet about time, audience or
// revocation. What it found once it finds again in the memory.

import {
  ACCESS_TOKEN_TYPE,
  isSigningAlg,
  type JsonObject,
  type JwsHeader,
  MAX_ACCESS_TOKEN_LENGTH,
  parseAccessTokenClaims,
  parseJwsHeader,
  parseJwsPayload,
  parseJwsSignature,
  type ReadLists,
  splitCompactJws,
  type TextTable,
} from "@hallpass/protocol";
import { type ClaimsSchema, type Shown, shownBy } from "./claims-schema.ts";
import type { TrustedKey } from "./key-set.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Memory, Remembered } from "./memory.ts";
import type { Counters } from "./metrics.ts";
import { type Awaitable, andThen, type Crypto } from "./ports.ts";
import { KeyMaker, type TokenKeys } from "./token-keys.ts";
import type { RejectionCode } from "./verdict.ts";

export interface ReaderDeps {
  readonly crypto: Crypto;
  readonly knowledge: Knowledge;
  readonly memory: Memory;
  readonly counters: Counters;
  /** Headers by their text: all tokens of a key have the same one. Only headers of genuine tokens get in. */
  readonly headers: TextTable<JwsHeader>;
  /** The same for lists in the claims. */
  readonly lists: ReadLists;
  /** The app's own. */
  readonly schema?: ClaimsSchema<unknown> | undefined;
  /** Of the salt that was current when it was last asked. */
  keyMaker?: KeyMaker;
}

const MOST_HEADERS = 16;

/** `unknown_key` is the caller's to judge: it means little while the view is not fresh. */
export function readToken(deps: ReaderDeps, token: string): Awaitable<Remembered | RejectionCode> {
  const remembered = deps.memory.find(token);
  if (remembered !== undefined) return remembered;
  if (token.length > MAX_ACCESS_TOKEN_LENGTH) return "malformed_token";
  const split = splitCompactJws(token);
  if (!split.ok) return "malformed_token";
  const { parts } = split;
  const header = deps.headers.get(parts.header) ?? parsedHeader(parts.header);
  if (header?.kid === undefined) return "malformed_token";
  const signature = parseJwsSignature(parts.signature, header.alg);
  const payload = signature.ok ? parseJwsPayload(parts.payload) : signature;
  if (!signature.ok || !payload.ok) return "malformed_token";
  if (!isAccessToken(header)) return "wrong_type";
  const key = deps.knowledge.keys.find(header.kid);
  if (key === undefined) return "unknown_key";
  // One key, one algorithm (AT-V2): the header says nothing that the key does not say.
  if (key.read?.alg !== header.alg) return "wrong_type";
  const { alg } = key.read;
  return andThen(key.open(deps.crypto), (opened) => {
    if (opened === undefined) return "wrong_type";
    deps.counters.signatureChecks += 1;
    const { crypto } = deps;
    const verified =
      alg === "ES256"
        ? crypto.verifyEs256(opened, parts.signingInput, signature.signature)
        : crypto.verifyOther(alg, opened, parts.signingInput, signature.signature);
    return andThen(verified, (fits) => {
      if (!fits) return "bad_signature";
      if (deps.headers.size < MOST_HEADERS) deps.headers.set(parts.header, header);
      return remember(deps, token, payload.payload, key);
    });
  });
}

function parsedHeader(text: string): JwsHeader | undefined {
  const parsed = parseJwsHeader(text);
  return parsed.ok ? parsed.header : undefined;
}

function remember(
  deps: ReaderDeps,
  token: string,
  payload: JsonObject,
  key: TrustedKey,
): Awaitable<Remembered | RejectionCode> {
  const claims = parseAccessTokenClaims(payload, deps.lists);
  if (claims === undefined) return "malformed_claims";
  return deps.schema === undefined
    ? kept(deps, token, claims, key, undefined)
    : andThen(shownBy(deps.schema, claims), (shown) => kept(deps, token, claims, key, shown));
}

// Whatever may be waited for comes before the keys: the salt may change meanwhile.
function kept(
  deps: ReaderDeps,
  token: string,
  claims: Remembered["claims"],
  key: TrustedKey,
  shown: Shown,
): Awaitable<Remembered> {
  return andThen(keysUnderCurrentSalt(deps, claims), (keys) => {
    const read: Remembered = { claims, key, keys, clearAt: 0, acceptedAt: 0, notedAt: 0, late: false };
    const remembered = shown === undefined ? read : { ...read, ...asShown(shown) };
    // It may have changed since they were made, and the memory been cleared for it: whoever decides sees that, too.
    if (keys.salt === deps.knowledge.salt) deps.memory.keep(token, remembered);
    return remembered;
  });
}

export function asShown(shown: Shown): Pick<Remembered, "shown" | "unfit"> {
  return shown === "refused" ? { unfit: true } : { shown };
}

// The salt may change while a hash is waited for; hashes under the old one would match nothing.
export function keysUnderCurrentSalt(deps: ReaderDeps, claims: Remembered["claims"]): Awaitable<TokenKeys> {
  const { salt } = deps.knowledge;
  if (deps.keyMaker?.salt !== salt) deps.keyMaker = new KeyMaker(deps.crypto, salt);
  return andThen(deps.keyMaker.keysOf(claims), (keys) =>
    salt === deps.knowledge.salt ? keys : keysUnderCurrentSalt(deps, claims),
  );
}

// RFC 9068 section 4, RFC 7515 section 4.1.9: a media type, so without regard to case, `application/` left out or not.
function isAccessToken({ alg, typ }: JwsHeader): boolean {
  if (!isSigningAlg(alg) || typ === undefined) return false;
  const type = typ.toLowerCase();
  return type === ACCESS_TOKEN_TYPE || type === `application/${ACCESS_TOKEN_TYPE}`;
}
