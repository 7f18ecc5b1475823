// What the table of notices is asked about one token: its ids and salted hashes as 32-bit words, computed once
// when its signature was verified.

import {
  type AccessTokenClaims,
  type Actor,
  decodeBase64url,
  encodeBase64url,
  type Matchable,
  uuidToBytes,
} from "@hallpass/protocol";
import { type Awaitable, andThen, type Crypto } from "./ports.ts";

export type KeyWords = Uint32Array<ArrayBuffer>;

/** One array holds all keys, four words each: sid (if any), jti, client, subjects, ancestors. */
export interface TokenKeys {
  readonly words: KeyWords;
  readonly hasSid: boolean;
  readonly sidAt: number;
  readonly fam: number;
  readonly jti: string;
  /** False for a `jti` that is not base64url of 16 bytes; it is compared as text. */
  readonly jtiIsCode: boolean;
  readonly jtiAt: number;
  readonly clientAt: number;
  readonly subjectsAt: number;
  readonly subjectsEnd: number;
  readonly ancAt: number;
  readonly ancEnd: number;
  readonly seq: number;
  readonly epoch: number;
  /** The same as texts, as the rule of matching reads them. */
  readonly matchable: Matchable;
}

const CODE_LENGTH = 22;
const UTF8 = new TextEncoder();

/** Hashes what the salt hides, then packs. The answer is good for this salt only. */
export function tokenKeys(crypto: Crypto, salt: Uint8Array, claims: AccessTokenClaims): Awaitable<TokenKeys> {
  const subjects = [claims.sub, ...actors(claims.act)];
  return andThen(hashCode(crypto, salt, "client", claims.clientId), (client) =>
    andThen(hashCodes(crypto, salt, subjects), (codes) => pack(claims, client, codes)),
  );
}

/** `base64url(SHA-256(salt ‖ kind ‖ 0x00 ‖ value)[0..16])` (NOT-2). */
export function hashCode(
  crypto: Crypto,
  salt: Uint8Array,
  kind: "subject" | "client",
  value: string,
): Awaitable<string> {
  const text = UTF8.encode(`${kind}\0${value}`);
  const bytes = new Uint8Array(salt.length + text.length);
  bytes.set(salt);
  bytes.set(text, salt.length);
  return andThen(crypto.sha256(bytes), (digest) => encodeBase64url(digest.subarray(0, 16)));
}

function hashCodes(crypto: Crypto, salt: Uint8Array, subjects: readonly string[]): Awaitable<readonly string[]> {
  const codes = subjects.map((subject) => hashCode(crypto, salt, "subject", subject));
  const ready = codes.filter((code) => typeof code === "string");
  return ready.length === codes.length ? ready : Promise.all(codes.map((code) => Promise.resolve(code)));
}

function actors(act: Actor | undefined): string[] {
  return act === undefined ? [] : [act.sub, ...actors(act.act)];
}

function pack(claims: AccessTokenClaims, client: string, subjects: readonly string[]): TokenKeys {
  const { sid, fam, jti, anc, pos } = claims;
  const hasSid = sid !== undefined;
  const jtiAt = hasSid ? 4 : 0;
  const clientAt = jtiAt + 4;
  const subjectsAt = clientAt + 4;
  const ancAt = subjectsAt + subjects.length * 4;
  const words = new Uint32Array(ancAt + anc.length * 4);
  if (hasSid) readUuid(sid, words, 0);
  const jtiIsCode = jtiWords(jti, words, jtiAt);
  readCode(client, words, clientAt);
  subjects.forEach((subject, index) => readCode(subject, words, subjectsAt + index * 4));
  anc.forEach((ancestor, index) => readUuid(ancestor, words, ancAt + index * 4));
  return {
    words,
    hasSid,
    sidAt: 0,
    fam: fam === undefined ? 0 : codeWord(fam),
    jti,
    jtiIsCode,
    jtiAt,
    clientAt,
    subjectsAt,
    subjectsEnd: ancAt,
    ancAt,
    ancEnd: words.length,
    seq: pos.seq,
    epoch: pos.epoch,
    matchable: { sid, fam, anc, jti, pos, subjects, client },
  };
}

/** Writes four words; texts were parsed before they came here. */
export function readUuid(text: string, into: KeyWords, at: number): void {
  writeWords(uuidToBytes(text), into, at);
}

export function readCode(text: string, into: KeyWords, at: number): void {
  writeWords(decodeBase64url(text), into, at);
}

/** False, and nothing written, unless the text is base64url of 16 bytes (AT-7). */
export function jtiWords(jti: string, into: KeyWords, at: number): boolean {
  const bytes = jti.length === CODE_LENGTH ? decodeBase64url(jti) : undefined;
  if (bytes === undefined) return false;
  writeWords(bytes, into, at);
  return true;
}

/** The word of a family: base64url of 4 bytes. */
export function codeWord(text: string): number {
  return wordAt(decodeBase64url(text) ?? new Uint8Array(4), 0);
}

function writeWords(bytes: Uint8Array | undefined, into: KeyWords, at: number): void {
  if (bytes === undefined) throw new TypeError("a key of the table was not parsed before it was read");
  for (let word = 0; word < 4; word += 1) into[at + word] = wordAt(bytes, word * 4);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
