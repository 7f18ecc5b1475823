// What the table of notices is asked about one token: its ids and salted hashes as 32-bit words, computed once
// when its signature was verified.

import {
  type AccessTokenClaims,
  type Actor,
  decodeBase64urlInto,
  encodeBase64url,
  type Matchable,
  TextTable,
} from "@hallpass/protocol";
import { type Awaitable, andThen, type Crypto } from "./ports.ts";

export type KeyWords = Uint32Array<ArrayBuffer>;

const KEY_WORDS = 4;

/** The keys stand one after the other from `at` on: sid, jti, client, subjects, ancestors; then the family. */
export class TokenKeys {
  /** What the hashes were computed under: under another they match nothing. */
  readonly salt: Uint8Array;
  /** Shared with other tokens. */
  readonly words: KeyWords;
  /** False for a `jti` that is not base64url of 16 bytes; it is compared as text. */
  readonly jtiIsCode: boolean;
  readonly subjectsEnd: number;
  readonly #at: number;
  readonly #claims: AccessTokenClaims;

  /** `words` has room for `wordsOf` the same. */
  constructor(
    claims: AccessTokenClaims,
    client: Uint8Array,
    subjects: readonly Uint8Array[],
    words: KeyWords,
    at: number,
    salt: Uint8Array,
  ) {
    this.salt = salt;
    this.words = words;
    this.#at = at;
    this.#claims = claims;
    this.subjectsEnd = this.subjectsAt + subjects.length * KEY_WORDS;
    const { sid, jti, anc, fam } = claims;
    if (sid !== undefined) readUuid(sid, words, this.sidAt);
    this.jtiIsCode = jtiWords(jti, words, this.jtiAt);
    writeWords(client, words, this.clientAt);
    let to = this.subjectsAt;
    for (const subject of subjects) to = writeWords(subject, words, to);
    for (const ancestor of anc) to = readUuid(ancestor, words, to);
    words[to] = fam === undefined ? 0 : codeWord(fam);
  }

  static wordsOf(claims: AccessTokenClaims, subjects: number): number {
    return (3 + subjects + claims.anc.length) * KEY_WORDS + 1;
  }

  get hasSid(): boolean {
    return this.#claims.sid !== undefined;
  }

  get sidAt(): number {
    return this.#at;
  }

  get jtiAt(): number {
    return this.#at + KEY_WORDS;
  }

  get clientAt(): number {
    return this.#at + 2 * KEY_WORDS;
  }

  get subjectsAt(): number {
    return this.#at + 3 * KEY_WORDS;
  }

  get ancAt(): number {
    return this.subjectsEnd;
  }

  get ancEnd(): number {
    return this.subjectsEnd + this.#claims.anc.length * KEY_WORDS;
  }

  get fam(): number {
    return this.words[this.ancEnd] ?? 0;
  }

  get jti(): string {
    return this.#claims.jti;
  }

  get seq(): number {
    return this.#claims.pos.seq;
  }

  get epoch(): number {
    return this.#claims.pos.epoch;
  }

  /** Seconds. */
  get iat(): number {
    return this.#claims.iat;
  }

  /** The same as texts, as the rule of matching reads them; made when asked for. */
  get matchable(): Matchable {
    const { sid, fam, anc, jti, pos, iat } = this.#claims;
    const subjects: string[] = [];
    for (let at = this.subjectsAt; at < this.subjectsEnd; at += KEY_WORDS) subjects.push(codeAt(this.words, at));
    return { sid, fam, anc, jti, pos, iat, subjects, client: codeAt(this.words, this.clientAt) };
  }
}

// An array of its own for each token would cost more than what is in it.
const SHEET_WORDS = 1024;
/** A service sees few clients, and each of them often. */
const MOST_CLIENTS = 256;

/** Makes the keys of tokens under one salt: what it made is good for that salt only. */
export class KeyMaker {
  readonly salt: Uint8Array;
  readonly #clientHash: SaltedHash;
  readonly #subjectHash: SaltedHash;
  readonly #clients = new TextTable<Uint8Array>();
  #sheet: KeyWords = new Uint32Array(0);
  #used = 0;

  constructor(crypto: Crypto, salt: Uint8Array) {
    this.salt = salt;
    this.#clientHash = new SaltedHash(crypto, salt, "client");
    this.#subjectHash = new SaltedHash(crypto, salt, "subject");
  }

  keysOf(claims: AccessTokenClaims): Awaitable<TokenKeys> {
    return andThen(this.#client(claims.clientId), (client) =>
      andThen(this.#subjects(claims.sub, claims.act), (subjects) => this.#packed(claims, client, subjects)),
    );
  }

  #client(id: string): Awaitable<Uint8Array> {
    const known = this.#clients.get(id);
    if (known !== undefined) return known;
    return andThen(this.#clientHash.of(id), (hash) => {
      if (this.#clients.size >= MOST_CLIENTS) this.#clients.clear();
      this.#clients.set(id, hash);
      return hash;
    });
  }

  #subjects(sub: string, act: Actor | undefined): Awaitable<readonly Uint8Array[]> {
    return andThen(this.#subjectHash.of(sub), (first) =>
      act === undefined ? [first] : andThen(this.#subjects(act.sub, act.act), (rest) => [first, ...rest]),
    );
  }

  #packed(claims: AccessTokenClaims, client: Uint8Array, subjects: readonly Uint8Array[]): TokenKeys {
    const length = TokenKeys.wordsOf(claims, subjects.length);
    if (this.#used + length > this.#sheet.length) {
      this.#sheet = new Uint32Array(Math.max(length, SHEET_WORDS));
      this.#used = 0;
    }
    const keys = new TokenKeys(claims, client, subjects, this.#sheet, this.#used, this.salt);
    this.#used += length;
    return keys;
  }
}

const UTF8 = new TextEncoder();
const HASH_BYTES = 16;

/** `base64url(SHA-256(salt ‖ kind ‖ 0x00 ‖ value)[0..16])` (NOT-2). */
export function hashCode(
  crypto: Crypto,
  salt: Uint8Array,
  kind: "subject" | "client",
  value: string,
): Awaitable<string> {
  return andThen(new SaltedHash(crypto, salt, kind).of(value), (digest) =>
    encodeBase64url(digest.subarray(0, HASH_BYTES)),
  );
}

/** SHA-256 of values of one kind under one salt; of a digest the first sixteen bytes count. */
class SaltedHash {
  readonly #crypto: Crypto;
  readonly #head: Uint8Array;
  /** By the length of a value: what was hashed last, so that most values need no bytes of their own. */
  readonly #inputs: Uint8Array[] = [];

  constructor(crypto: Crypto, salt: Uint8Array, kind: "subject" | "client") {
    this.#crypto = crypto;
    this.#head = Uint8Array.of(...salt, ...UTF8.encode(`${kind}\0`));
  }

  of(value: string): Awaitable<Uint8Array> {
    const bytes = (this.#inputs[value.length] ??= this.#input(value.length));
    if (writeAscii(value, bytes, this.#head.length)) return this.#crypto.sha256(bytes);
    const encoded = UTF8.encode(value);
    const longer = this.#input(encoded.length);
    longer.set(encoded, this.#head.length);
    return this.#crypto.sha256(longer);
  }

  #input(length: number): Uint8Array {
    const bytes = new Uint8Array(this.#head.length + length);
    bytes.set(this.#head);
    return bytes;
  }
}

/** False when the text is no ASCII; its bytes in UTF-8 are others then. */
function writeAscii(text: string, into: Uint8Array, at: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return false;
    into[at + index] = code;
  }
  return true;
}

/** Four words of a UUID in its canonical spelling; whoever calls has parsed it. Returns where they end. */
export function readUuid(text: string, into: KeyWords, at: number): number {
  let digit = 0;
  let word = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x2d) continue;
    word = (word << 4) | (code < 0x3a ? code - 0x30 : code - 0x57);
    digit += 1;
    if ((digit & 7) === 0) into[at + (digit >> 3) - 1] = word >>> 0;
  }
  return at + KEY_WORDS;
}

/** What a code is decoded into before its words are read. */
const CODE = new Uint8Array(HASH_BYTES);
const CODE_LENGTH = 22;

/** Four words of base64url of 16 bytes; whoever calls has parsed it. */
export function readCode(text: string, into: KeyWords, at: number): void {
  if (!jtiWords(text, into, at)) throw new TypeError("a code was not parsed before it was read");
}

/** False, and nothing written, unless the text is base64url of 16 bytes (AT-7). */
export function jtiWords(jti: string, into: KeyWords, at: number): boolean {
  if (jti.length !== CODE_LENGTH || decodeBase64urlInto(jti, CODE) === undefined) return false;
  writeWords(CODE, into, at);
  return true;
}

function codeAt(words: KeyWords, at: number): string {
  const bytes = new DataView(new ArrayBuffer(16));
  for (let word = 0; word < 4; word += 1) bytes.setUint32(word * 4, words[at + word] ?? 0);
  return encodeBase64url(new Uint8Array(bytes.buffer));
}

/** The word of a family: base64url of 4 bytes. */
export function codeWord(text: string): number {
  return decodeBase64urlInto(text, CODE) === undefined ? 0 : wordAt(CODE, 0);
}

/** Returns where they end. */
function writeWords(bytes: Uint8Array, into: KeyWords, at: number): number {
  for (let word = 0; word < KEY_WORDS; word += 1) into[at + word] = wordAt(bytes, word * 4);
  return at + KEY_WORDS;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
