// Reads of concurrent requests share a round trip: while one is under way, what arrives waits and goes together in the next.
// A snapshot is taken after every call that it answers, so it is as new as each of them was promised.

import { type Head, type Instant, type Row, type RowKey, rowKeyText, type Snapshot } from "@hallpass/core";
import { keyFromRow, refsFromRow, rowFromRow, type SqlRow } from "./rows.ts";

interface WaitingRead {
  readonly keys: readonly RowKey[];
  readonly resolve: (snapshot: Snapshot) => void;
  readonly reject: (cause: unknown) => void;
}

/** Asks for lines of the statement `read`. */
export type AskRows = (keys: readonly RowKey[]) => Promise<readonly SqlRow[]>;

/** Statements under way at once: a second one lets a slow answer delay nobody who comes after it. */
const MOST_UNDER_WAY = 2;
const MOST_KEYS = 1024;

export class ReadQueue {
  readonly #ask: AskRows;
  #waiting: WaitingRead[] = [];
  #underWay = 0;
  #whenIdle: (() => void)[] = [];

  constructor(ask: AskRows) {
    this.#ask = ask;
  }

  read(keys: readonly RowKey[]): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      // The caller's turn may ask for more.
      if (this.#waiting.length === 1) queueMicrotask(() => this.#next());
    });
  }

  /** Settles when whoever waits now has an answer. */
  settled(): Promise<void> {
    if (this.#underWay === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #next(): void {
    if (this.#underWay >= MOST_UNDER_WAY || this.#waiting.length === 0) return;
    const together: WaitingRead[] = [];
    let keys = 0;
    for (const read of this.#waiting) {
      keys += read.keys.length;
      if (together.length > 0 && keys > MOST_KEYS) break;
      together.push(read);
    }
    this.#waiting = this.#waiting.slice(together.length);
    this.#underWay += 1;
    void this.#answer(together);
  }

  async #answer(reads: readonly WaitingRead[]): Promise<void> {
    try {
      const asked = new Map(reads.flatMap(({ keys }) => keys.map((key) => [rowKeyText(key), key] as const)));
      const found = foundIn(await this.#ask([...asked.values()]));
      for (const { keys, resolve } of reads) resolve(snapshotOf(keys, found));
    } catch (cause) {
      for (const { reject } of reads) reject(cause);
    } finally {
      this.#underWay -= 1;
      this.#next();
      if (this.#underWay === 0) for (const idle of this.#whenIdle.splice(0)) idle();
    }
  }
}

interface Found {
  readonly rows: ReadonlyMap<string, { readonly row: Row; readonly refs: readonly RowKey[] }>;
  readonly head: Head;
  readonly clock: Instant;
}

function foundIn(lines: readonly SqlRow[]): Found {
  const [first] = lines;
  if (first === undefined) throw new Error("the store has no head");
  const rows = lines.flatMap((line) =>
    line["tenant"] === null
      ? []
      : [[rowKeyText(keyFromRow(line)), { row: rowFromRow(line), refs: refsFromRow(line) }] as const],
  );
  return {
    rows: new Map(rows),
    head: { pos: { epoch: Number(first["epoch"]), seq: Number(first["seq"]) }, mark: String(first["mark"]) },
    clock: Number(first["clock"]) as Instant,
  };
}

/** What this call asked for and what that refers to, out of what all calls of the statement found. */
function snapshotOf(keys: readonly RowKey[], { rows, head, clock }: Found): Snapshot {
  const seen = new Map<string, Row | undefined>();
  for (const key of keys) {
    const text = rowKeyText(key);
    const found = rows.get(text);
    seen.set(text, found?.row);
    for (const ref of found?.refs ?? []) seen.set(rowKeyText(ref), rows.get(rowKeyText(ref))?.row);
  }
  return {
    has: (key) => seen.has(rowKeyText(key)),
    get: (key) => {
      const text = rowKeyText(key);
      if (!seen.has(text)) throw new RangeError("a row was asked for that the snapshot does not cover");
      return seen.get(text);
    },
    head,
    clock,
  };
}
