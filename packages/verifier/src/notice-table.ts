// The live notices of a view, packed: 100,000 of them at no more than 100 bytes each (FEED-7).
// Open addressing over typed arrays. A key is 16 bytes: a session id, a token id, a salted hash. All notices about
// one key lie in one run of slots, so one walk answers for a session, its families and its cut-off. Nothing is ever
// deleted in place: forgetting rebuilds, so no tombstone can slow a walk down. Exact: no false positives.
//
// `before` keeps only the seq of a cut-off. That is enough: seq never falls, not even across epochs (POS-4), and
// tokens of another epoch than the view's are judged before the table is asked.

import { PACKED_KINDS as CODES, cutOffOf, type Notice, type NoticeRows } from "@hallpass/protocol";
import { famAt, PackedRows, readKey, type Taken } from "./packed-rows.ts";
import { codeWord, jtiWords, type KeyWords, readCode, readUuid, type TokenKeys } from "./token-keys.ts";

/** What the tenant's cut-offs come to: the latest covers the earlier ones, and what only those matched has expired by its `until`. */
interface CutOff {
  readonly before: number;
  readonly until: number;
}

const NO_CUT_OFF: CutOff = { before: 0, until: 0 };

const FREE = 0;
const FIRST_CAPACITY = 64;
// A slot is 37 bytes. Doubling at 4/5 leaves at least 2/5 in use: at most 92.5 bytes for a notice.
const FULLEST = 0.8;
/** Searches of what came packed; each costs some microseconds, and all the places some milliseconds. */
const MOST_SEARCHES = 64;
export const SLOT_BYTES: number = 16 + 4 + 1 + 8 + 8;

export class NoticeTable {
  #capacity = FIRST_CAPACITY;
  #used = 0;
  #keys = new Uint32Array(FIRST_CAPACITY * 4);
  #fams = new Uint32Array(FIRST_CAPACITY);
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #before = new Float64Array(FIRST_CAPACITY);
  #until = new Float64Array(FIRST_CAPACITY);
  /** Tokens whose `jti` is not base64url of 16 bytes: another issuer's spelling, rare, kept by text. */
  #otherTokens = new Map<string, number>();
  /** By the seq of a token's position, and by its `iat`. */
  #cutOff = NO_CUT_OFF;
  #issuedCutOff = NO_CUT_OFF;
  #horizon = 0;
  readonly #packed = new PackedRows();
  readonly #scratch: KeyWords = new Uint32Array(4);

  get size(): number {
    return (
      this.#used +
      this.#packed.size +
      this.#otherTokens.size +
      Number(this.#cutOff.until > 0) +
      Number(this.#issuedCutOff.until > 0)
    );
  }

  /** Bytes of the slots, empty ones included, and of what came packed. */
  get bytes(): number {
    return this.#capacity * SLOT_BYTES + this.#packed.bytes;
  }

  add(notice: Notice): void {
    const { taking } = notice;
    const key = this.#scratch;
    switch (taking.kind) {
      case "session":
      case "outdated":
        readUuid(taking.sid, key, 0);
        return this.#put(CODES[taking.kind], 0, notice.pos.seq, notice.until);
      case "family":
        readUuid(taking.sid, key, 0);
        return this.#put(CODES.family, codeWord(taking.fam), notice.pos.seq, notice.until);
      case "token":
        if (jtiWords(taking.jti, key, 0)) return this.#put(CODES.token, 0, notice.pos.seq, notice.until);
        this.#otherTokens.set(taking.jti, Math.max(notice.until, this.#otherTokens.get(taking.jti) ?? 0));
        return;
      case "subject":
        readCode(taking.subject, key, 0);
        return this.#put(CODES.subject, 0, notice.pos.seq, notice.until);
      case "client":
        readCode(taking.client, key, 0);
        return this.#put(CODES.client, 0, notice.pos.seq, notice.until);
      case "tenant":
        if (taking.issued_before === undefined)
          this.#cutOff = later(this.#cutOff, (cutOffOf(taking) ?? notice.pos).seq, notice.until);
        else this.#issuedCutOff = later(this.#issuedCutOff, taking.issued_before, notice.until);
        return;
      case "epoch":
        return; // The view's position carries it.
    }
  }

  /** The same for many that came packed: they stay as they are until enough tokens were looked up to be worth their places here. */
  keepRows(lists: readonly NoticeRows[]): void {
    for (const rows of lists) this.#packed.add(rows);
  }

  /** Whether a notice takes the token away; `seq` is that of its `pos`, in the epoch of the view. */
  taken(token: TokenKeys): Taken | undefined {
    if (token.seq < this.#cutOff.before || token.iat < this.#issuedCutOff.before) return "revoked";
    if (this.#packed.size > 0 && this.#packed.asked >= MOST_SEARCHES) this.#place(this.#packed.takeAll());
    let taken = this.#packed.size > 0 ? this.#packed.taken(token) : undefined;
    if (taken === "revoked") return taken;
    if (this.#used > 0) {
      const { words, seq } = token;
      if (token.hasSid) taken = this.#session(words, token.sidAt, seq, token.fam, true) ?? taken;
      for (let at = token.ancAt; at < token.ancEnd && taken !== "revoked"; at += 4) {
        taken = this.#session(words, at, seq, 0, false) ?? taken;
      }
      if (taken === "revoked") return taken;
      if (token.jtiIsCode && this.#holds(words, token.jtiAt, CODES.token, Number.NEGATIVE_INFINITY)) return "revoked";
      if (this.#holds(words, token.clientAt, CODES.client, seq)) return "revoked";
      for (let at = token.subjectsAt; at < token.subjectsEnd; at += 4) {
        if (this.#holds(words, at, CODES.subject, seq)) return "revoked";
      }
    }
    if (taken !== undefined) return taken;
    return this.#otherTokens.size > 0 && this.#otherTokens.has(token.jti) ? "revoked" : undefined;
  }

  /** Drops notices with `until` at or before the horizon, when enough of them are gone to be worth a rebuild (FEED-5). */
  forget(horizon: number): void {
    if (horizon <= this.#horizon) return;
    this.#horizon = horizon;
    for (const [jti, until] of this.#otherTokens) if (until <= horizon) this.#otherTokens.delete(jti);
    if (this.#cutOff.until <= horizon) this.#cutOff = NO_CUT_OFF;
    if (this.#issuedCutOff.until <= horizon) this.#issuedCutOff = NO_CUT_OFF;
    const past = this.#past();
    if (past * 4 > this.#used && past > 16) this.#rebuild(this.#used - past);
    if (this.#packed.past(horizon) * 4 > this.#packed.size) this.#place(this.#packed.takeAll());
  }

  // What was forgotten meanwhile needs no place.
  #place(lists: readonly NoticeRows[]): void {
    const rows = this.#used + lists.reduce((sum, { size }) => sum + size, 0);
    if (rows > this.#capacity * FULLEST) this.#rebuild(rows);
    for (const list of lists) {
      for (let row = 0; row < list.size; row += 1) {
        if (list.untilOf(row) <= this.#horizon) continue;
        readKey(list, row, this.#scratch);
        this.#put(list.kind, list.kind === CODES.family ? famAt(list, row) : 0, list.seqOf(row), list.untilOf(row));
      }
    }
  }

  #session(words: KeyWords, at: number, seq: number, fam: number, own: boolean): Taken | undefined {
    let taken: Taken | undefined;
    for (let slot = this.#home(words, at); this.#kinds[slot] !== FREE; slot = this.#next(slot)) {
      if (!this.#same(slot, words, at)) continue;
      const kind = this.#kinds[slot];
      if (kind === CODES.session || (own && kind === CODES.family && this.#fams[slot] === fam)) return "revoked";
      if (kind === CODES.outdated && seq < (this.#before[slot] ?? 0)) taken = "outdated";
    }
    return taken;
  }

  #holds(words: KeyWords, at: number, kind: number, seq: number): boolean {
    for (let slot = this.#home(words, at); this.#kinds[slot] !== FREE; slot = this.#next(slot)) {
      if (this.#kinds[slot] === kind && this.#same(slot, words, at) && seq < (this.#before[slot] ?? 0)) return true;
    }
    return false;
  }

  // Two notices of one kind about one key fold into one: the later cut-off covers the earlier one, and a token that
  // only the earlier one matched has expired by its `until`.
  #put(kind: number, fam: number, seq: number, until: number): void {
    const key = this.#scratch;
    let slot = this.#home(key, 0);
    for (; this.#kinds[slot] !== FREE; slot = this.#next(slot)) {
      if (this.#kinds[slot] === kind && this.#fams[slot] === fam && this.#same(slot, key, 0)) break;
    }
    if (this.#kinds[slot] === FREE) {
      for (let word = 0; word < 4; word += 1) this.#keys[slot * 4 + word] = key[word] ?? 0;
      this.#kinds[slot] = kind;
      this.#fams[slot] = fam;
      this.#used += 1;
    }
    this.#before[slot] = Math.max(seq, this.#before[slot] ?? 0);
    this.#until[slot] = Math.max(until, this.#until[slot] ?? 0);
    if (this.#used > this.#capacity * FULLEST) this.#rebuild(this.#used - this.#past());
  }

  #past(): number {
    let past = 0;
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if (this.#kinds[slot] !== FREE && (this.#until[slot] ?? 0) <= this.#horizon) past += 1;
    }
    return past;
  }

  #rebuild(live: number): void {
    const [keys, fams, kinds, before, until] = [this.#keys, this.#fams, this.#kinds, this.#before, this.#until];
    const slots = this.#capacity;
    this.#capacity = FIRST_CAPACITY;
    while (live > this.#capacity * FULLEST) this.#capacity *= 2;
    this.#keys = new Uint32Array(this.#capacity * 4);
    this.#fams = new Uint32Array(this.#capacity);
    this.#kinds = new Uint8Array(this.#capacity);
    this.#before = new Float64Array(this.#capacity);
    this.#until = new Float64Array(this.#capacity);
    this.#used = 0;
    for (let old = 0; old < slots; old += 1) {
      const kind = kinds[old] ?? FREE;
      if (kind === FREE || (until[old] ?? 0) <= this.#horizon) continue;
      let slot = this.#home(keys, old * 4);
      while (this.#kinds[slot] !== FREE) slot = this.#next(slot);
      for (let word = 0; word < 4; word += 1) this.#keys[slot * 4 + word] = keys[old * 4 + word] ?? 0;
      this.#fams[slot] = fams[old] ?? 0;
      this.#kinds[slot] = kind;
      this.#before[slot] = before[old] ?? 0;
      this.#until[slot] = until[old] ?? 0;
      this.#used += 1;
    }
  }

  #home(words: KeyWords, at: number): number {
    let hash = Math.imul((words[at] ?? 0) ^ ((words[at + 1] ?? 0) >>> 7), 0x9e3779b1);
    hash = Math.imul(hash ^ (words[at + 2] ?? 0) ^ (hash >>> 15), 0x85ebca6b);
    hash = Math.imul(hash ^ (words[at + 3] ?? 0) ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & (this.#capacity - 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#capacity - 1);
  }

  #same(slot: number, words: KeyWords, at: number): boolean {
    const from = slot * 4;
    return (
      this.#keys[from] === words[at] &&
      this.#keys[from + 1] === words[at + 1] &&
      this.#keys[from + 2] === words[at + 2] &&
      this.#keys[from + 3] === words[at + 3]
    );
  }
}

function later(held: CutOff, before: number, until: number): CutOff {
  return { before: Math.max(held.before, before), until: Math.max(held.until, until) };
}
