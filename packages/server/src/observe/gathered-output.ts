// Where lines of the log go: gathered, because a write for each of them would cost more than the line. What can't be written is lost and holds
// up nobody: a reader that is gone and a full disk are no reason to answer nobody. (What pino brings tries for ever, and the process with it.)

import { writeSync } from "node:fs";
import type { LogDestination } from "./log.ts";

/** Characters. */
const GATHERED = 16_000;
/** Bytes that wait for a reader that takes nothing now. What comes beyond them is lost. */
const MOST_LEFT = 1_048_576;
const NONE: Buffer = Buffer.alloc(0);
const NEW_LINE = 10;

export class GatheredOutput implements LogDestination {
  readonly #write: (bytes: Uint8Array) => number;
  #lines = "";
  #left: Buffer = NONE;
  /** Whether what was taken last ends within a line. */
  #isCut = false;

  /** `write` answers how many bytes were taken, and throws what the system says: EAGAIN for a reader that takes nothing now. */
  constructor(write: (bytes: Uint8Array) => number) {
    this.#write = write;
  }

  write(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= GATHERED) this.flushSync();
  }

  flushSync(): void {
    const lines = Buffer.from(this.#lines);
    this.#lines = "";
    let bytes = this.#left.length === 0 ? lines : Buffer.concat([this.#left, lines]);
    try {
      while (bytes.length > 0) {
        const taken = this.#write(bytes);
        if (taken > 0) this.#isCut = bytes[taken - 1] !== NEW_LINE;
        bytes = bytes.subarray(taken);
      }
      this.#left = NONE;
    } catch (error) {
      if (isBusy(error) && bytes.length <= MOST_LEFT) this.#left = bytes;
      // Whatever is taken next begins a line of its own.
      else this.#left = this.#isCut ? Buffer.from("\n") : NONE;
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

let standard: GatheredOutput | undefined;

/** One for all that this process tells. What was not flushed is written when the process ends. */
export function standardOutput(): LogDestination {
  if (standard !== undefined) return standard;
  const own = new GatheredOutput((bytes) => writeSync(1, bytes));
  process.once("exit", () => own.flushSync());
  standard = own;
  return own;
}
