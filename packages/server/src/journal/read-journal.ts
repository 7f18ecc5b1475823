// Reads the files of a journal back: where each change stands, and, one at a time, what it was. So a journal may be larger than the memory.

import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Instant, JournalEntry, JournalPlace } from "@hallpass/core";
import { comparePositions, type Position } from "@hallpass/protocol";
import { type JournalHeader, type JournalLine, lineFromText } from "./journal-line.ts";
import { JOURNAL_FILE } from "./journal-writer.ts";

/** A change in a file, without its rows. */
export interface KeptChange extends JournalPlace {
  readonly attempt: string;
  readonly writtenAt: Instant;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

export interface KeptJournal {
  readonly files: number;
  readonly changes: readonly KeptChange[];
  /** Lines that can't be read and are not the torn end of their file. */
  readonly broken: readonly string[];
  /** When the last line was written; null when there is none. */
  readonly until: Instant | null;
}

/** Of one tenant's store. Files of others are left out. Throws what the file system says. */
export function readJournal(directories: readonly string[], header: JournalHeader): KeptJournal {
  const changes = new Map<string, Omit<KeptChange, "committed">>();
  const ended = new Map<string, { readonly pos: Position; readonly at: Instant } | "void">();
  const broken: string[] = [];
  let until: Instant | null = null;
  const files = directories.flatMap(filesIn).filter((file) => isOf(file, header));
  for (const file of files) {
    for (const { line, offset, length, isTorn } of linesOf(file)) {
      if (line === undefined) {
        // A file may end within a line; what stood there was never acted on.
        if (!isTorn) broken.push(`${file} at byte ${offset}`);
      } else if (line.kind === "change") {
        const { attempt, notices } = line.change;
        const startsEpoch = notices[0]?.newEpoch !== undefined;
        changes.set(attempt, {
          attempt,
          notices: notices.length,
          startsEpoch,
          writtenAt: line.at,
          file,
          offset,
          length,
        });
        until = Math.max(until ?? 0, line.at) as Instant;
      } else if (line.kind === "committed") ended.set(line.attempt, { pos: line.pos, at: line.at });
      else if (line.kind === "void") ended.set(line.attempt, "void");
    }
  }
  const happened = [...changes.values()].flatMap((change): KeptChange[] => {
    const end = ended.get(change.attempt) ?? null;
    return end === "void" ? [] : [{ ...change, committed: end }];
  });
  return { files: files.length, changes: happened, broken, until };
}

/** The changes with what they did, read as they are asked for. */
export function* entriesOf(changes: Iterable<KeptChange>): Generator<JournalEntry> {
  for (const { file, offset, length, committed } of changes) {
    const line = lineFromText(textAt(file, offset, length));
    if (line?.kind !== "change") throw new Error(`${file} has changed while it was read`);
    yield { change: line.change, writtenAt: line.at, committed };
  }
}

export interface LastKept {
  readonly pos: Position;
  readonly mark: string;
}

/** Bytes: longer than any two lines. */
const TAIL = 1024 * 1024;

/** The last notice that the journal knows to be committed. Looks at the ends of the files alone. */
export function lastKept(directory: string, header: JournalHeader): LastKept | undefined {
  let last: LastKept | undefined;
  for (const file of filesIn(directory).filter((each) => isOf(each, header))) {
    const { size } = statSync(file);
    const start = Math.max(0, size - TAIL);
    for (const text of textAt(file, start, size - start).split("\n")) {
      const line = lineFromText(text);
      if (line?.kind !== "committed" || line.mark === null) continue;
      if (last === undefined || comparePositions(line.pos, last.pos) > 0) last = { pos: line.pos, mark: line.mark };
    }
  }
  return last;
}

function filesIn(directory: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => JOURNAL_FILE.test(name))
    .toSorted()
    .map((name) => join(directory, name));
}

function isOf(file: string, { tenant, store }: JournalHeader): boolean {
  const [first = ""] = textAt(file, 0, 4096).split("\n");
  const line = lineFromText(first);
  return line?.kind === "journal" && line.tenant === tenant && line.store === store;
}

interface FoundLine {
  readonly line: JournalLine | undefined;
  readonly offset: number;
  readonly length: number;
  readonly isTorn: boolean;
}

/** A file has at most 64 MiB and a line more (journal-writer.ts). */
function* linesOf(file: string): Generator<FoundLine> {
  const bytes = readFileSync(file);
  for (let offset = 0; offset < bytes.length; ) {
    const end = bytes.indexOf(10, offset);
    const length = (end === -1 ? bytes.length : end) - offset;
    const line = lineFromText(bytes.toString("utf8", offset, offset + length));
    yield { line, offset, length, isTorn: end === -1 };
    offset += length + 1;
  }
}

function textAt(file: string, offset: number, length: number): string {
  const handle = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(length);
    return bytes.toString("utf8", 0, readSync(handle, bytes, 0, length, offset));
  } finally {
    closeSync(handle);
  }
}
