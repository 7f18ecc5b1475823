// A snapshot's notices as they came packed, searched where they lie: the platform looks through ten thousand keys faster than they could be
// put into any order, and a process that has just started may never judge more than a token or two.

import { type NoticeRows, PACKED_KINDS } from "@hallpass/protocol";
import type { KeyWords, TokenKeys } from "./token-keys.ts";

/** What took a token away. `outdated` is cured by a refresh, the others are not. */
export type Taken = "revoked" | "outdated";

interface Searchable {
  readonly rows: NoticeRows;
  /** The keys, four words to each, as this machine reads them. */
  readonly words: Uint32Array;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const KEY_BYTES = 16;

export class PackedRows {
  readonly #all: Searchable[] = [];
  #size = 0;
  /** How many tokens were looked up. */
  #asked = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes of the columns, and of the copy of the keys. */
  get bytes(): number {
    return this.#size * (2 * KEY_BYTES + 3 * 4);
  }

  get asked(): number {
    return this.#asked;
  }

  add(rows: NoticeRows): void {
    this.#all.push({ rows, words: new Uint32Array(rows.keys.buffer) });
    this.#size += rows.size;
  }

  /** All of them, which are gone from here then. */
  takeAll(): NoticeRows[] {
    this.#size = 0;
    return this.#all.splice(0).map(({ rows }) => rows);
  }

  /** How many end by the horizon. A stretch is packed from its earliest end on: while the first of it lives, the others are not looked at. */
  past(horizon: number): number {
    let past = 0;
    for (const { rows } of this.#all) {
      if (rows.untilOf(0) > horizon) continue;
      for (let row = 0; row < rows.size; row += 1) past += Number(rows.untilOf(row) <= horizon);
    }
    return past;
  }

  /** What they do to a token (NOT-1); `outdated` only where nothing revokes it. */
  taken(token: TokenKeys): Taken | undefined {
    this.#asked += 1;
    let taken: Taken | undefined;
    for (const one of this.#all) {
      const found = takenBy(one, token);
      if (found === "revoked") return found;
      taken ??= found;
    }
    return taken;
  }
}

function takenBy(one: Searchable, token: TokenKeys): Taken | undefined {
  const { rows } = one;
  const { words, seq } = token;
  const later = (row: number): boolean => seq < rows.seqOf(row);
  switch (rows.kind) {
    case PACKED_KINDS.session:
      return someSession(one, token, () => true) ? "revoked" : undefined;
    case PACKED_KINDS.outdated:
      return someSession(one, token, later) ? "outdated" : undefined;
    case PACKED_KINDS.family:
      return token.hasSid && some(one, words, token.sidAt, (row) => famAt(rows, row) === token.fam)
        ? "revoked"
        : undefined;
    case PACKED_KINDS.token:
      return token.jtiIsCode && some(one, words, token.jtiAt, () => true) ? "revoked" : undefined;
    case PACKED_KINDS.client:
      return some(one, words, token.clientAt, later) ? "revoked" : undefined;
    case PACKED_KINDS.subject: {
      for (let at = token.subjectsAt; at < token.subjectsEnd; at += 4) {
        if (some(one, words, at, later)) return "revoked";
      }
      return undefined;
    }
    default:
      throw new TypeError("rows of no kind were not read by unpackNotices");
  }
}

function someSession(one: Searchable, token: TokenKeys, isSuch: (row: number) => boolean): boolean {
  if (token.hasSid && some(one, token.words, token.sidAt, isSuch)) return true;
  for (let at = token.ancAt; at < token.ancEnd; at += 4) {
    if (some(one, token.words, at, isSuch)) return true;
  }
  return false;
}

/** Found by the last word: in a UUID of version 7 the first ones are the time, the last is random. */
function some({ words }: Searchable, key: KeyWords, at: number, isSuch: (row: number) => boolean): boolean {
  const last = asRead(key[at + 3] ?? 0);
  for (let found = words.indexOf(last); found >= 0; found = words.indexOf(last, found + 1)) {
    if (
      (found & 3) === 3 &&
      words[found - 1] === asRead(key[at + 2] ?? 0) &&
      words[found - 2] === asRead(key[at + 1] ?? 0) &&
      words[found - 3] === asRead(key[at] ?? 0) &&
      isSuch(found >>> 2)
    )
      return true;
  }
  return false;
}

/** The number as which this machine reads a word whose bytes stand big-endian. */
function asRead(word: number): number {
  if (!LITTLE_ENDIAN) return word;
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

export function famAt({ fams }: NoticeRows, row: number): number {
  return wordAt(fams, row * 4);
}

/** Four words of the row's key into the beginning of `into`. */
export function readKey({ keys }: NoticeRows, row: number, into: KeyWords): void {
  for (let word = 0; word < 4; word += 1) into[word] = wordAt(keys, row * KEY_BYTES + word * 4);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
