// Requests that have arrived together are answered in a row. What one of them needs of the processor's caches is then still there for the
// next: measured, a refresh between the reading of two sockets costs a tenth more than one after another (docs/performance-notes.md).
// A row has an end, because whatever arrives meanwhile waits for it: the longer the turns, the fewer go on in the next.

import type { Clock, NextTurn } from "@hallpass/core";

const FEWEST = 8;
const MOST = 24;
const GROWTH = 4;
/** Milliseconds of a turn above which fewer go on in the next one, and below which more do. */
const LONG_MS = 5;
const SHORT_MS = 3;

export interface Row {
  /** `goOn` is called when it is the caller's turn: once everything that has arrived in this turn of the loop was read, and those before it have gone on. It must not throw. */
  wait(goOn: () => void): void;
  /** `goOn` is called in the next turn, before all of those who wait. */
  goFirst(goOn: () => void): void;
  /** For how long the first of those who wait has been waiting. */
  waitingMs(): number;
}

interface Waiting {
  readonly goOn: () => void;
  readonly since: number;
}

export function inARow(nextTurn: NextTurn, clock: Pick<Clock, "monotonic">): Row {
  let first: (() => void)[] = [];
  let waiting: Waiting[] = [];
  let most = MOST;
  let isAsked = false;

  function ask(began?: number): void {
    if (isAsked) return;
    isAsked = true;
    nextTurn(() => flush(began));
  }

  /** `began`: when the turn before this one did, if it left some waiting and so did nothing but work. */
  function flush(began: number | undefined): void {
    isAsked = false;
    const now = clock.monotonic();
    if (began !== undefined) most = fitting(most, now - began);
    const before = first;
    first = [];
    const row = waiting;
    waiting = row.splice(most);
    for (const goOn of before) goOn();
    for (const { goOn } of row) goOn();
    if (waiting.length > 0) ask(now);
  }

  return {
    wait: (goOn) => {
      waiting.push({ goOn, since: clock.monotonic() });
      ask();
    },
    goFirst: (goOn) => {
      first.push(goOn);
      ask();
    },
    waitingMs: () => (waiting[0] === undefined ? 0 : clock.monotonic() - waiting[0].since),
  };
}

function fitting(most: number, turnMs: number): number {
  if (turnMs > LONG_MS) return Math.max(FEWEST, Math.floor(most / 2));
  return turnMs < SHORT_MS ? Math.min(MOST, most + GROWTH) : most;
}
