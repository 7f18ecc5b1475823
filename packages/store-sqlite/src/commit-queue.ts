// Group commit: while one batch is being written, what arrives queues; then all of it goes together. A restart of the
// writer happens here too, so that a queue never waits for a thread that is gone.

import type { Change, Clock, Outcome } from "@hallpass/core";
import { Fault } from "@hallpass/core";
import type { Acknowledged } from "./acknowledged.ts";
import { changesToMessage, type SentChange } from "./change-message.ts";
import type { DropBounds, Dropped } from "./change-writer.ts";
import type { WriterReply } from "./thread-messages.ts";
import type { WriterThread } from "./writer-thread.ts";

/** A batch stays short enough that its fsync is still what a waiter mostly waits for. */
const MOST_CHANGES_PER_BATCH = 512;
const MOST_CHANGES_QUEUED = 8192;

const UNANSWERED: Outcome = { kind: "unknown", cause: new Error("the writer answered too few outcomes") };

interface WaitingCommit {
  readonly kind: "commit";
  readonly changes: readonly Change[];
  readonly settle: (outcomes: readonly Outcome[]) => void;
}

/** A drop waits its turn, and goes alone. */
interface WaitingDrop {
  readonly kind: "drop";
  readonly bounds: DropBounds;
  readonly settle: (answer: Promise<Dropped>) => void;
}

export interface CommitQueueOptions {
  readonly clock: Pick<Clock, "now">;
  /** The running writer; starts one if there is none. */
  readonly writer: () => Promise<WriterThread>;
  readonly headMoved: () => void;
  readonly acknowledged: Acknowledged;
}

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: (WaitingCommit | WaitingDrop)[] = [];
  #queued = 0;
  #headMoved = false;
  /** The place of the last fact before the batch that was written last. */
  #factsAfter = 0;
  #isWriting = false;
  readonly #awaitingOutcome: (() => void)[] = [];
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
    this.#waiting.push({ kind: "commit", changes, settle: resolve });
    this.#running ??= this.#run();
    return promise;
  }

  drop(bounds: DropBounds): Promise<Dropped> {
    const { promise, resolve } = Promise.withResolvers<Dropped>();
    this.#waiting.push({ kind: "drop", bounds, settle: resolve });
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when the outcomes of the batch under way are known; at once if there is none. */
  outcomesKnown(): Promise<void> {
    if (!this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => this.#awaitingOutcome.push(resolve));
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Lets the caller's turn end first: whatever else it commits in this turn shares the batch.
    await Promise.resolve();
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.kind === "drop") {
        this.#waiting.shift();
        const answer = this.#drop(next.bounds);
        next.settle(answer);
        await Promise.allSettled([answer]);
      } else {
        await this.#commitBatch(this.#nextBatch());
      }
    }
    this.#running = undefined;
  }

  #nextBatch(): readonly WaitingCommit[] {
    const batch: WaitingCommit[] = [];
    let size = 0;
    for (const waiting of this.#waiting) {
      if (waiting.kind === "drop") break;
      if (size > 0 && size + waiting.changes.length > MOST_CHANGES_PER_BATCH) break;
      size += waiting.changes.length;
      batch.push(waiting);
    }
    this.#waiting.splice(0, batch.length);
    return batch;
  }

  async #commitBatch(batch: readonly WaitingCommit[]): Promise<void> {
    const changes = batch.flatMap((commit) => commit.changes);
    const { acknowledged } = this.#options;
    const compared = acknowledged.begin(changes);
    const open = compared.filter((change) => change !== "conflict");
    this.#isWriting = true;
    const written = open.length === 0 ? [] : await this.#write(open);
    this.#isWriting = false;
    acknowledged.settle(open, written, this.#factsAfter);
    let next = 0;
    const outcomes = compared.map((change): Outcome => {
      if (change === "conflict") return { kind: "conflict" };
      next += 1;
      return written[next - 1] ?? UNANSWERED;
    });
    // Only now does a reader that is woken find the new head.
    if (this.#headMoved) this.#options.headMoved();
    this.#headMoved = false;
    for (const wake of this.#awaitingOutcome.splice(0)) wake();
    this.#queued -= changes.length;
    let from = 0;
    for (const commit of batch) {
      commit.settle(outcomes.slice(from, (from += commit.changes.length)));
    }
  }

  async #write(changes: readonly SentChange[]): Promise<readonly Outcome[]> {
    let thread: WriterThread;
    try {
      thread = await this.#options.writer();
    } catch (cause) {
      return failedAll(changes, cause);
    }
    let reply: WriterReply;
    try {
      reply = await thread.request({
        kind: "commit",
        changes: changesToMessage(changes),
        at: this.#options.clock.now(),
      });
    } catch (cause) {
      return changes.map(() => ({ kind: "unknown", cause }));
    }
    if (reply.kind !== "committed") return changes.map(() => ({ kind: "unknown", cause: reply }));
    if (reply.broken) await thread.ended();
    this.#headMoved = reply.headMoved;
    this.#factsAfter = reply.factsAfter;
    return reply.outcomes;
  }

  async #drop(bounds: DropBounds): Promise<Dropped> {
    try {
      const reply = await (await this.#options.writer()).request({ kind: "drop", bounds });
      if (reply.kind === "dropped") return reply.answer;
      throw new Error("nothing was dropped", { cause: reply });
    } catch (cause) {
      throw new Fault("store_unavailable", { cause });
    } finally {
      this.#options.acknowledged.facts.dropped(bounds);
    }
  }
}

function failedAll(changes: readonly Change[], cause: unknown): readonly Outcome[] {
  return changes.map(() => ({ kind: "failed", cause, full: false }));
}
