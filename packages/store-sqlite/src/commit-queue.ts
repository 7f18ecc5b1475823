// Group commit: while one batch is being written, what arrives queues; then all of it goes together. A restart of the
// writer happens here too, so that a queue never waits for a thread that is gone.

import type { Change, Clock, Outcome } from "@hallpass/core";
import { Fault } from "@hallpass/core";
import type { DropBounds } from "./change-writer.ts";
import type { WriterReply } from "./thread-messages.ts";
import type { WriterThread } from "./writer-thread.ts";

/** A batch stays short enough that its fsync is still what a waiter mostly waits for. */
const MOST_CHANGES_PER_BATCH = 512;
const MOST_CHANGES_QUEUED = 8192;

interface WaitingCommit {
  readonly changes: readonly Change[];
  readonly settle: (outcomes: readonly Outcome[]) => void;
}

export interface CommitQueueOptions {
  readonly clock: Pick<Clock, "now">;
  /** The running writer; starts one if there is none. */
  readonly writer: () => Promise<WriterThread>;
  readonly headMoved: () => void;
}

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: WaitingCommit[] = [];
  #queued = 0;
  /** Ends when everything that was accepted has its answer. */
  #running: Promise<void> | undefined;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  commit(changes: readonly Change[]): Promise<readonly Outcome[]> {
    if (this.#queued + changes.length > MOST_CHANGES_QUEUED) {
      return Promise.resolve(failedAll(changes, new Fault("overloaded")));
    }
    this.#queued += changes.length;
    const { promise, resolve } = Promise.withResolvers<readonly Outcome[]>();
    this.#waiting.push({ changes, settle: resolve });
    this.#running ??= this.#run();
    return promise;
  }

  /** Waits its turn behind what is queued, as a batch of its own. */
  async drop(bounds: DropBounds): Promise<{ readonly more: boolean }> {
    await this.idle();
    const { promise, resolve, reject } = Promise.withResolvers<{ readonly more: boolean }>();
    this.#running = this.#drop(bounds)
      .then(resolve, reject)
      .then(() => this.#run());
    return promise;
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Lets the caller's turn end first: whatever else it commits in this turn shares the batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      const changes = batch.flatMap((commit) => commit.changes);
      const outcomes = await this.#write(changes);
      this.#queued -= changes.length;
      let from = 0;
      for (const commit of batch) {
        commit.settle(outcomes.slice(from, (from += commit.changes.length)));
      }
    }
    this.#running = undefined;
  }

  #nextBatch(): readonly WaitingCommit[] {
    let count = 0;
    let size = 0;
    for (const { changes } of this.#waiting) {
      if (count > 0 && size + changes.length > MOST_CHANGES_PER_BATCH) break;
      size += changes.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(changes: readonly Change[]): Promise<readonly Outcome[]> {
    let thread: WriterThread;
    try {
      thread = await this.#options.writer();
    } catch (cause) {
      return failedAll(changes, cause);
    }
    let reply: WriterReply;
    try {
      reply = await thread.request({ kind: "commit", changes, at: this.#options.clock.now() });
    } catch (cause) {
      return changes.map(() => ({ kind: "unknown", cause }));
    }
    if (reply.kind !== "committed") return changes.map(() => ({ kind: "unknown", cause: reply }));
    if (reply.broken) await thread.ended();
    if (reply.headMoved) this.#options.headMoved();
    return reply.outcomes;
  }

  async #drop(bounds: DropBounds): Promise<{ readonly more: boolean }> {
    try {
      const reply = await (await this.#options.writer()).request({ kind: "drop", bounds });
      if (reply.kind === "dropped") return { more: reply.more };
      throw new Error("nothing was dropped", { cause: reply });
    } catch (cause) {
      throw new Fault("store_unavailable", { cause });
    }
  }
}

function failedAll(changes: readonly Change[], cause: unknown): readonly Outcome[] {
  return changes.map(() => ({ kind: "failed", cause, full: false }));
}
