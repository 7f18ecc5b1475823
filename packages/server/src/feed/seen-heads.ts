// Since when this node knows that each position is shown by every read. A commit has its time before it is on the disk, and shows after: what was
// granted in between ends M after it was shown, not after its time.

import { afterMs, earliest, type Instant } from "@hallpass/core";
import { isBefore, type Position } from "@hallpass/protocol";

interface Seen {
  readonly pos: Position;
  /** The store's time by which a read had shown it. */
  readonly at: Instant;
}

const MOST = 4096;

/**
 * The store's time by which a read has looked: a database takes its time, in whole milliseconds, when a statement begins, and looks after that,
 * before it answers `tookMs` (milliseconds) later. What another node grants in between ends M after it.
 */
export function lookedBy(time: Instant, tookMs: number): Instant {
  return afterMs(time, Math.ceil(tookMs) + 1);
}

export class SeenHeads {
  /** Later positions, seen later. */
  readonly #seen: Seen[] = [];

  /** A read that had looked by `at` showed everything up to `pos`. */
  note(pos: Position, at: Instant): void {
    const last = this.#seen.at(-1);
    if (last !== undefined && !isBefore(last.pos, pos)) return;
    this.#seen.push({ pos, at });
    if (this.#seen.length > MOST) this.#seen.shift();
  }

  /** No earlier than the position was shown: the first time that is known, `at` at the latest, when a read has shown it now. */
  by(pos: Position, at: Instant): Instant {
    this.note(pos, at);
    let found = at;
    for (let index = this.#seen.length - 1; index >= 0; index -= 1) {
      const seen = this.#seen[index];
      if (seen === undefined || isBefore(seen.pos, pos)) break;
      found = earliest(found, seen.at);
    }
    return found;
  }
}
