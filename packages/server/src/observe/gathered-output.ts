// Where lines of the log go: gathered, because a write for each of them would cost more than the line. What can't be written is lost and holds
// up nobody: a reader that is gone or takes nothing, and a full disk, are no reason to answer nobody. What was lost is counted, and stands in a
// line of its own as soon as lines are taken again. (What pino brings tries for ever, and the process with it.)

import { fstatSync, writeSync } from "node:fs";
import type { Clock } from "@hallpass/core";
import type { LogDestination } from "./log.ts";

/** Characters. */
const GATHERED = 16_000;
/** Bytes that wait for a reader that takes nothing now. What comes beyond them is lost. */
const MOST_LEFT = 1_048_576;
const NONE: Buffer = Buffer.alloc(0);
const NEW_LINE = 10;
/** Ends a line that was taken in part. */
const CUT: Buffer = Buffer.from("\n");

export class GatheredOutput implements LogDestination {
  readonly #write: (bytes: Uint8Array) => number;
  readonly #lossLine: (lines: number) => string;
  #lines = "";
  #left: Buffer = NONE;
  /** Whether what was taken last ends within a line. */
  #isCut = false;
  /** Lines that were lost, and of which no line has told yet. */
  #untold = 0;
  #lost = 0;

  /**
   * `write` answers how many bytes were taken, and throws what the system says: EAGAIN for a reader that takes nothing now. `lossLine` is the line
   * that tells how many were lost.
   */
  constructor(write: (bytes: Uint8Array) => number, lossLine: (lines: number) => string) {
    this.#write = write;
    this.#lossLine = lossLine;
  }

  write(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= GATHERED) this.flushSync();
  }

  lostLines(): number {
    return this.#lost;
  }

  /** Whether a reader that takes nothing now is waited for. */
  get isHeldUp(): boolean {
    return this.#left.length > 0;
  }

  flushSync(): void {
    const lines = Buffer.from(this.#lines);
    this.#lines = "";
    if (!this.#writeLeft() || !this.#tellLoss()) return this.#keep(lines);
    this.#left = lines;
    this.#writeLeft();
  }

  /** Whether everything that waited was taken. */
  #writeLeft(): boolean {
    try {
      while (this.#left.length > 0) {
        const taken = this.#write(this.#left);
        if (taken > 0) this.#isCut = this.#left[taken - 1] !== NEW_LINE;
        this.#left = this.#left.subarray(taken);
      }
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      if (this.#left !== CUT) this.#lose(linesIn(this.#left));
      // Whatever is taken next begins a line of its own.
      this.#left = this.#isCut ? CUT : NONE;
      return false;
    }
  }

  /** The line stands where the lost ones would have stood. Whether others may follow. */
  #tellLoss(): boolean {
    const lines = this.#untold;
    if (lines === 0) return true;
    const [lost, line] = [this.#lost, Buffer.from(this.#lossLine(lines))];
    this.#untold = 0;
    this.#left = line;
    if (this.#writeLeft()) return true;
    // Taken in part it is told: the rest waits. Lost with the reader it was none of those that count.
    if (this.#lost > lost) [this.#untold, this.#lost] = [lines, lost];
    return false;
  }

  /** Once one is lost, so are those after it, until the others were taken: what is there has one gap, with its line in it. */
  #keep(lines: Buffer): void {
    if (this.#untold > 0 || this.#left.length + lines.length > MOST_LEFT) this.#lose(linesIn(lines));
    else this.#left = Buffer.concat([this.#left, lines]);
  }

  #lose(lines: number): void {
    this.#untold += lines;
    this.#lost += lines;
  }
}

/** Ends of lines: one that was taken in part is lost as well. */
function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === NEW_LINE) lines += 1;
  return lines;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

const STANDARD_OUTPUT = 1;
let standard: GatheredOutput | undefined;

/** Milliseconds that the end of a process waits for whoever reads its last lines, and for how long it pauses between two tries. */
const LAST_WITHIN = 1000;
const LAST_PAUSE = 5;

/** A pipe holds some 64 kB, and its reader may be behind: the last lines are those that say why a process ended. */
function writeLast(output: GatheredOutput, clock: Clock): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  output.flushSync();
  for (const began = clock.monotonic(); output.isHeldUp && clock.monotonic() - began < LAST_WITHIN; ) {
    Atomics.wait(pause, 0, 0, LAST_PAUSE);
    output.flushSync();
  }
}

/** One for all that this process tells. What was not flushed is written when the process ends. */
export function standardOutput(clock: Clock): LogDestination {
  if (standard !== undefined) return standard;
  const isRead = fstatSync(STANDARD_OUTPUT);
  // Asked for, Node opens it so that a reader that takes nothing is EAGAIN. As whoever started us left it, a write would wait for the reader.
  if (isRead.isFIFO() || isRead.isSocket()) process.stdout.on("error", () => undefined);
  const lossLine = (lines: number): string =>
    `${JSON.stringify({ level: "error", time: new Date(clock.now()).toISOString(), lines, event: "log_lines_lost" })}\n`;
  const own = new GatheredOutput((bytes) => writeSync(STANDARD_OUTPUT, bytes), lossLine);
  process.once("exit", () => writeLast(own, clock));
  standard = own;
  return own;
}
