// The one time line of a run: what happens, when, in whole milliseconds. Of all that is due at one moment the seed chooses
// what comes first. Each turn runs one task and then every promise that it settled, to the end, before the next.

import type { SeededDice } from "./seeded-dice.ts";

/** Where a task runs: it may not be there any more, or stand still for a while. */
export interface Place {
  readonly life: number;
  /** The moment from which its tasks run; in the past when it is not paused. */
  readonly runsFrom: number;
}

interface Due {
  at: number;
  /** Drawn by the seed: the order among what is due at one moment. */
  readonly rank: number;
  readonly place: Place | undefined;
  readonly life: number;
  readonly task: () => void;
  cancelled: boolean;
}

export class TimeLine {
  readonly #dice: SeededDice;
  readonly #heap: Due[] = [];
  #now = 0;
  #stopped = false;
  turns = 0;

  constructor(dice: SeededDice) {
    this.#dice = dice;
  }

  /** True time. Nobody in the world can read it; only the judges do. */
  get now(): number {
    return this.#now;
  }

  /** Runs `task` after `ms`, at its place. A task of a life that is over meanwhile never runs. */
  after(ms: number, task: () => void, place?: Place, life: number = place?.life ?? 0): () => void {
    const at = this.#now + Math.max(0, Math.ceil(ms));
    const due: Due = { at, rank: this.#dice.next(), place, life, task, cancelled: false };
    this.#push(due);
    return () => {
      due.cancelled = true;
    };
  }

  stop(): void {
    this.#stopped = true;
  }

  async runUntil(end: number): Promise<void> {
    for (;;) {
      const due = this.#heap[0];
      if (due === undefined || due.at > end || this.#stopped) break;
      this.#pop();
      if (due.cancelled || (due.place !== undefined && due.place.life !== due.life)) continue;
      this.#now = due.at;
      const runsFrom = due.place?.runsFrom ?? 0;
      if (runsFrom > due.at) {
        due.at = runsFrom;
        this.#push(due);
        continue;
      }
      due.task();
      this.turns += 1;
      await new Promise((settled) => setImmediate(settled));
    }
    if (!this.#stopped) this.#now = end;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    heap.push(due);
    let at = heap.length - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !before(due, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const goesRight = left !== undefined && right !== undefined && before(right, left);
      const child = goesRight ? right : left;
      if (child === undefined || !before(child, last)) break;
      heap[at] = child;
      at = 2 * at + (goesRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function before(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.rank < other.rank);
}
