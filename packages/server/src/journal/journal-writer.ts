// Appends to the journal's files. Lines of concurrent commits share a write and a flush. A file that could not be written is left as it is
// (and removed if it holds nothing), and the next line begins a new one; so does a file that is large or a day old. Each process has files of its own, so nodes may share a directory.

import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Dice, Fault } from "@hallpass/core";
import { flushDirectoryAside, makePrivateDirectory } from "../host/private-files.ts";
import { type JournalHeader, type JournalLine, lineToText } from "./journal-line.ts";

export const JOURNAL_FILE: RegExp = /^[0-9]{13,16}-[0-9a-f]{16}\.journal$/;

/** Bytes; milliseconds. */
const LARGEST = 64 * 1024 * 1024;
const OLDEST = 24 * 60 * 60 * 1000;
/** Outcomes that could not be written and are owed. Beyond it they count as unknown, which is the safe side. */
const MOST_OWED = 10_000;

export interface JournalWriterOptions {
  readonly directory: string;
  readonly header: JournalHeader;
  /** Milliseconds after whose last line a file is removed. */
  readonly kept: number;
  readonly clock: Pick<Clock, "now">;
  readonly dice: Dice;
}

interface Waiting {
  readonly text: string;
  readonly settle: PromiseWithResolvers<void>;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly path: string;
  readonly began: number;
  bytes: number;
  /** Whether it has more than its first line that counts. */
  hasLines: boolean;
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  #file: OpenFile | undefined;
  #waiting: Waiting[] = [];
  #owed: string[] = [];
  #running: Promise<void> | undefined;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  /** On the disk when it resolves. Rejects with a Fault `store_unavailable` or `store_full`; then none of it counts. */
  append(lines: readonly JournalLine[]): Promise<void> {
    const settle = Promise.withResolvers<void>();
    this.#waiting.push({ text: lines.map(lineToText).join(""), settle });
    this.#running ??= this.#run();
    return settle.promise;
  }

  /** Written soon; flushed with whatever is appended next. */
  note(lines: readonly JournalLine[]): void {
    if (lines.length === 0) return;
    this.#owed.push(lines.map(lineToText).join(""));
    this.#owed = this.#owed.slice(-MOST_OWED);
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#file?.handle.datasync().catch(() => {});
    await this.#file?.handle.close().catch(() => {});
    this.#file = undefined;
  }

  async #run(): Promise<void> {
    // Whatever else is appended in this turn goes with it.
    await Promise.resolve();
    for (let failed = false; !failed && this.#waiting.length + this.#owed.length > 0; ) {
      const together = this.#waiting;
      const owed = this.#owed;
      this.#waiting = [];
      this.#owed = [];
      try {
        await this.#write([...owed, ...together.map(({ text }) => text)].join(""), together.length > 0);
        for (const { settle } of together) settle.resolve();
      } catch (cause) {
        this.#owed = [...owed, ...this.#owed].slice(-MOST_OWED);
        for (const { settle } of together)
          settle.reject(new Fault(isFull(cause) ? "store_full" : "store_unavailable", { cause }));
        // What is owed alone is tried again with the next line.
        failed = this.#waiting.length === 0;
      }
    }
    this.#running = undefined;
  }

  async #write(text: string, flushed: boolean): Promise<void> {
    const file = await this.#current();
    try {
      const { bytesWritten } = await file.handle.write(text);
      if (bytesWritten !== Buffer.byteLength(text)) throw new Error("the journal took less than it was given");
      file.bytes += bytesWritten;
      if (flushed) await file.handle.datasync();
      file.hasLines = true;
    } catch (error) {
      this.#file = undefined;
      await file.handle.close().catch(() => {});
      if (!file.hasLines) await rm(file.path, { force: true }).catch(() => {});
      throw error;
    }
  }

  async #current(): Promise<OpenFile> {
    const now = this.#options.clock.now();
    const held = this.#file;
    if (held !== undefined && held.bytes < LARGEST && now - held.began < OLDEST && now >= held.began) return held;
    this.#file = undefined;
    await flushAndClose(held?.handle);
    this.#file = await this.#begin(now);
    return this.#file;
  }

  async #begin(now: number): Promise<OpenFile> {
    const { directory, header, dice } = this.#options;
    makePrivateDirectory(directory);
    await this.#removeOld(now);
    const name = `${String(now).padStart(13, "0")}-${Buffer.from(dice.bytes(8)).toString("hex")}.journal`;
    const path = join(directory, name);
    const handle = await open(path, "ax", 0o600);
    try {
      const text = Buffer.from(lineToText({ kind: "journal", ...header }));
      const { bytesWritten } = await handle.write(text);
      if (bytesWritten !== text.length) throw new Error("the journal took less than it was given");
      await handle.datasync();
      // A file's name is on the disk when its directory is.
      await flushDirectoryAside(directory);
      return { handle, path, began: now, bytes: text.length, hasLines: false };
    } catch (error) {
      // Nothing stands in it. A disk that is full would get one more with every try.
      await handle.close().catch(() => {});
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
  }

  async #removeOld(now: number): Promise<void> {
    const { directory, kept } = this.#options;
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (!JOURNAL_FILE.test(name)) continue;
      const last = await writtenAt(path);
      if (last !== undefined && last + kept < now) await rm(path, { force: true });
    }
  }
}

/** Milliseconds; undefined when another node has removed it meanwhile. */
async function writtenAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function flushAndClose(handle: FileHandle | undefined): Promise<void> {
  try {
    await handle?.datasync();
  } finally {
    await handle?.close().catch(() => {});
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
