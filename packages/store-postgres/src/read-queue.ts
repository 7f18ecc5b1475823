// Reads of concurrent requests share a round trip: while one is under way, what arrives waits and goes together in the next.
// A snapshot is taken after every call that it answers, so it is as new as each of them was promised.

import type { NextTurn, RowKey, Snapshot } from "@hallpass/core";
import type { Remembered } from "./remembered.ts";
import { type Answer, type AskedRow, answeredBy, askedRows, snapshotOf } from "./snapshots.ts";

interface WaitingRead {
  readonly keys: readonly RowKey[];
  readonly resolve: (snapshot: Snapshot) => void;
  readonly reject: (cause: unknown) => void;
}

/** Asks by the statement `read`. */
export type AskRows = (asked: readonly AskedRow[]) => Promise<Answer>;

/** Statements under way at once. The second one goes when as many wait as the first one carries: a slow answer delays nobody for long. */
const MOST_UNDER_WAY = 2;
const MOST_KEYS = 1024;
/** Turns that reads wait to become as many as were asked for together the last time. A turn with nothing to do takes microseconds. */
const MOST_TURNS = 3;

export class ReadQueue {
  readonly #ask: AskRows;
  readonly #remembered: Remembered;
  readonly #nextTurn: NextTurn;
  #waiting: WaitingRead[] = [];
  #underWay = 0;
  #lastAsked = 0;
  #turns = 0;
  #isNextTurnAsked = false;
  #whenIdle: (() => void)[] = [];

  constructor(ask: AskRows, remembered: Remembered, nextTurn: NextTurn) {
    this.#ask = ask;
    this.#remembered = remembered;
    this.#nextTurn = nextTurn;
  }

  read(keys: readonly RowKey[]): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      this.#soon();
    });
  }

  /** Settles when whoever waits now has an answer. */
  settled(): Promise<void> {
    if (this.#underWay === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** What has arrived is looked at first: it may ask, too. */
  #soon(): void {
    if (this.#isNextTurnAsked) return;
    this.#isNextTurnAsked = true;
    this.#nextTurn(() => {
      this.#isNextTurnAsked = false;
      this.#next();
    });
  }

  #next(): void {
    const waiting = this.#waiting.length;
    if (waiting === 0 || this.#underWay >= MOST_UNDER_WAY) return;
    if (this.#underWay > 0 && waiting < this.#lastAsked) return;
    if (waiting < this.#lastAsked && this.#turns < MOST_TURNS) {
      this.#turns += 1;
      return this.#soon();
    }
    this.#turns = 0;
    const together: WaitingRead[] = [];
    let keys = 0;
    for (const read of this.#waiting) {
      keys += read.keys.length;
      if (together.length > 0 && keys > MOST_KEYS) break;
      together.push(read);
    }
    this.#waiting = this.#waiting.slice(together.length);
    this.#underWay += 1;
    this.#lastAsked = together.length;
    void this.#answer(together);
  }

  async #answer(reads: readonly WaitingRead[]): Promise<void> {
    try {
      const asked = askedRows(
        reads.map(({ keys }) => keys),
        this.#remembered,
      );
      const answered = answeredBy(await this.#ask(asked), asked, this.#remembered);
      for (const { keys, resolve } of reads) resolve(snapshotOf(keys, answered));
    } catch (cause) {
      for (const { reject } of reads) reject(cause);
    } finally {
      this.#underWay -= 1;
      this.#next();
      if (this.#underWay === 0 && this.#waiting.length === 0) for (const idle of this.#whenIdle.splice(0)) idle();
    }
  }
}
