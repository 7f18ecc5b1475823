// Requests that have arrived together are answered in a row. What one of them needs of the processor's caches is then still there for the
// next: measured, a refresh between the reading of two sockets costs a tenth more than one after another (docs/performance.md).

import type { NextTurn } from "@hallpass/core";

/** Resolves, for all that ask in one turn, when everything that has arrived in it was read. */
export function inARow(nextTurn: NextTurn): () => Promise<void> {
  let waiting: (() => void)[] = [];

  function flush(): void {
    const all = waiting;
    waiting = [];
    for (const goOn of all) goOn();
  }

  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) nextTurn(flush);
    });
}
