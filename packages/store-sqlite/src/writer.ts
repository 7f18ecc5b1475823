// The one connection that writes. Every call is one transaction with one fsync, however many changes it carries.
// Runs in the writer's thread and blocks it; knows nothing of threads.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Instant, Outcome } from "@hallpass/core";
import type { SentChange } from "./change-message.ts";
import { ChangeWriter, type DropBounds, type Dropped } from "./change-writer.ts";
import { FactLog } from "./fact-log.ts";
import { Names } from "./names.ts";
import { prepareSchema } from "./schema.ts";
import { isFull, plainCause } from "./sqlite-errors.ts";

export interface WriterOptions {
  readonly file: string;
  readonly birthMark: string;
  readonly maxBytes: number | undefined;
  /** After a writer whose last write may not have reached the disk: what it left is flushed again before anyone sees it, or nobody does. */
  readonly recovering?: boolean;
}

export interface BatchResult {
  readonly outcomes: readonly Outcome[];
  readonly headMoved: boolean;
  /** The place of the last fact before the batch: those of what was committed follow it, in order. */
  readonly factsAfter: number;
  /** The connection can't be trusted any more (the kernel may have forgotten what it failed to write): throw it away. */
  readonly broken: boolean;
}

const PAGE = 4096;
/** Often enough that one takes a few milliseconds: it runs between batches, and the next batch waits for it. */
const CHANGES_PER_CHECKPOINT = 512;
const BUSY_MS = 2000;

export class Writer {
  readonly #db: DatabaseSync;
  readonly #names: Names;
  readonly #facts: FactLog;
  readonly #changes: ChangeWriter;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #changesInLog = 0;

  constructor({ file, birthMark, maxBytes, recovering = false }: WriterOptions) {
    this.#db = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: false });
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    // A quarter of the reader's: SQLite looks through all of it after each commit that has split a page, and what is not there is in the kernel's.
    this.#db.exec("PRAGMA cache_size = -8192");
    this.#db.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864");
    prepareSchema(this.#db, birthMark);
    this.#startLogAgain(recovering);
    if (maxBytes !== undefined) this.#db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / PAGE))}`);
    this.#names = new Names(this.#db, "write");
    this.#facts = new FactLog(this.#db, this.#names);
    this.#changes = new ChangeWriter(this.#db, this.#names, this.#facts);
    this.#begin = this.#db.prepare("BEGIN IMMEDIATE");
    this.#commit = this.#db.prepare("COMMIT");
  }

  commit(changes: readonly SentChange[], at: Instant): BatchResult {
    let committing = false;
    try {
      this.#begin.run();
      const before = this.#changes.head;
      const factsAfter = this.#facts.last;
      const outcomes = changes.map((change) => this.#changes.apply(change, at));
      const headMoved = this.#changes.writeHead(before);
      committing = true;
      this.#commit.run();
      this.#changesInLog += changes.length;
      return { outcomes, headMoved, factsAfter, broken: false };
    } catch (error) {
      const undone = this.#undo();
      // SQLite writes the frame that makes a commit last, so when space ran out the commit is not there.
      const sure = undone && (!committing || isFull(error));
      // What the log holds may be moved now, and then its space is free again.
      if (isFull(error)) this.#changesInLog = CHANGES_PER_CHECKPOINT;
      const cause = plainCause(error);
      const outcome: Outcome = sure ? { kind: "failed", cause, full: isFull(error) } : { kind: "unknown", cause };
      return { outcomes: changes.map(() => outcome), headMoved: false, factsAfter: 0, broken: !sure };
    }
  }

  /** Throws when nothing was dropped because of a fault. */
  drop(bounds: DropBounds): Dropped {
    try {
      this.#begin.run();
      const dropped = this.#changes.drop(bounds);
      this.#commit.run();
      this.#changesInLog += bounds.limit;
      return dropped;
    } catch (error) {
      this.#undo();
      throw error;
    }
  }

  /** Between batches: indexes the facts of a segment when there are enough. A failure loses nothing: the next try finds them. */
  indexFacts(): void {
    try {
      if (!this.#facts.isSegmentFull) return;
      this.#begin.run();
      this.#facts.seal();
      this.#commit.run();
      this.#changesInLog += 1;
    } catch {
      this.#undo();
    }
  }

  /** Moves what the log holds into the file, if there is enough of it. A failure loses nothing: the log stays and the next try finds it. */
  checkpoint(): void {
    if (this.#changesInLog < CHANGES_PER_CHECKPOINT) return;
    this.#changesInLog = 0;
    try {
      this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // Nothing was promised that depends on it.
    }
  }

  close(): void {
    this.#db.close();
  }

  /**
   * While nobody reads yet: a log that a crash or a failed write left behind is moved into the file, whatever its size.
   * So what was recovered after a failed fsync is written and flushed once more before anyone can see it.
   */
  #startLogAgain(recovering: boolean): void {
    try {
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      // It stays a log, from which everything can be read; but what a failed fsync left there may be in memory alone.
      if (recovering) throw error;
    }
  }

  #undo(): boolean {
    this.#names.forget();
    this.#changes.forget();
    this.#facts.forget();
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      return true;
    } catch {
      return false;
    }
  }
}
