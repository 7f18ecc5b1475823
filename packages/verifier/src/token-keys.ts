// What the table of notices is asked about one token: its ids and salted hashes as 32-bit words, computed once
// when its signature was verified.

import {
  type AccessTokenClaims,
  type Actor,
  decodeBase64url,
  encodeBase64url,
  type Matchable,
} from "@hallpass/protocol";
import { type Awaitable, andThen, type Crypto } from "./ports.ts";

export type KeyWords = Uint32Array<ArrayBuffer>;

/** One array holds all keys, four words each: sid (if any), jti, client, subjects, ancestors. */
export class TokenKeys {
  readonly words: KeyWords;
  readonly hasSid: boolean;
  readonly sidAt = 0;
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
  readonly #claims: AccessTokenClaims;

  constructor(claims: AccessTokenClaims, client: Uint8Array, subjects: readonly Uint8Array[]) {
    const { sid, fam, jti, anc, pos } = claims;
    this.hasSid = sid !== undefined;
    this.jtiAt = this.hasSid ? 4 : 0;
    this.clientAt = this.jtiAt + 4;
    this.subjectsAt = this.clientAt + 4;
    this.subjectsEnd = this.subjectsAt + subjects.length * 4;
    this.ancAt = this.subjectsEnd;
    this.ancEnd = this.ancAt + anc.length * 4;
    const words = new Uint32Array(this.ancEnd);
    if (sid !== undefined) readUuid(sid, words, 0);
    this.jti = jti;
    this.jtiIsCode = jtiWords(jti, words, this.jtiAt);
    writeWords(client, words, this.clientAt);
    for (const [index, subject] of subjects.entries()) writeWords(subject, words, this.subjectsAt + index * 4);
    for (const [index, ancestor] of anc.entries()) readUuid(ancestor, words, this.ancAt + index * 4);
    this.words = words;
    this.fam = fam === undefined ? 0 : codeWord(fam);
    this.seq = pos.seq;
    this.epoch = pos.epoch;
    this.#claims = claims;
  }

  /** The same as texts, as the rule of matching reads them; made when asked for. */
  get matchable(): Matchable {
    const { sid, fam, anc, jti, pos } = this.#claims;
    const subjects: string[] = [];
    for (let at = this.subjectsAt; at < this.subjectsEnd; at += 4) subjects.push(codeAt(this.words, at));
    return { sid, fam, anc, jti, pos, subjects, client: codeAt(this.words, this.clientAt) };
  }
}

const UTF8 = new TextEncoder();
const HASH_BYTES = 16;

/** Hashes what the salt hides, then packs. The answer is good for this salt only. */
export function tokenKeys(crypto: Crypto, salt: Uint8Array, claims: AccessTokenClaims): Awaitable<TokenKeys> {
  return andThen(hashed(crypto, salt, "client", claims.clientId), (client) =>
    andThen(hashedAll(crypto, salt, claims.sub, claims.act), (subjects) => new TokenKeys(claims, client, subjects)),
  );
}

/** `base64url(SHA-256(salt ‖ kind ‖ 0x00 ‖ value)[0..16])` (NOT-2). */
export function hashCode(
  crypto: Crypto,
  salt: Uint8Array,
  kind: "subject" | "client",
  value: string,
): Awaitable<string> {
  return andThen(hashed(crypto, salt, kind, value), encodeBase64url);
}

function hashed(crypto: Crypto, salt: Uint8Array, kind: "subject" | "client", value: string): Awaitable<Uint8Array> {
  const text = UTF8.encode(`${kind}\0${value}`);
  const bytes = new Uint8Array(salt.length + text.length);
  bytes.set(salt);
  bytes.set(text, salt.length);
  return andThen(crypto.sha256(bytes), (digest) => digest.subarray(0, HASH_BYTES));
}

function hashedAll(
  crypto: Crypto,
  salt: Uint8Array,
  sub: string,
  act: Actor | undefined,
): Awaitable<readonly Uint8Array[]> {
  return andThen(hashed(crypto, salt, "subject", sub), (first) =>
    act === undefined ? [first] : andThen(hashedAll(crypto, salt, act.sub, act.act), (rest) => [first, ...rest]),
  );
}

/** Four words of a UUID in its canonical spelling; whoever calls has parsed it. */
export function readUuid(text: string, into: KeyWords, at: number): void {
  let digit = 0;
  let word = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x2d) continue;
    word = (word << 4) | (code < 0x3a ? code - 0x30 : code - 0x57);
    digit += 1;
    if ((digit & 7) === 0) into[at + (digit >> 3) - 1] = word >>> 0;
  }
}

/** Four words of base64url of 16 bytes; whoever calls has parsed it. */
export function readCode(text: string, into: KeyWords, at: number): void {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw new TypeError("a code was not parsed before it was read");
  writeWords(bytes, into, at);
}

/** False, and nothing written, unless the text is base64url of 16 bytes (AT-7). */
export function jtiWords(jti: string, into: KeyWords, at: number): boolean {
  const bytes = jti.length === 22 ? decodeBase64url(jti) : undefined;
  if (bytes === undefined) return false;
  writeWords(bytes, into, at);
  return true;
}

function codeAt(words: KeyWords, at: number): string {
  const bytes = new DataView(new ArrayBuffer(16));
  for (let word = 0; word < 4; word += 1) bytes.setUint32(word * 4, words[at + word] ?? 0);
  return encodeBase64url(new Uint8Array(bytes.buffer));
}

/** The word of a family: base64url of 4 bytes. */
export function codeWord(text: string): number {
  const bytes = decodeBase64url(text);
  return bytes === undefined ? 0 : wordAt(bytes, 0);
}

function writeWords(bytes: Uint8Array, into: KeyWords, at: number): void {
  for (let word = 0; word < 4; word += 1) into[at + word] = wordAt(bytes, word * 4);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
