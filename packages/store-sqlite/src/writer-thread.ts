// The main thread's end of the writer: starts it, hands it one request at a time, and knows what its silence means.
// A thread that ends with a commit in flight leaves the outcome unknown.

import { Worker } from "node:worker_threads";
import type { WriterReply, WriterRequest } from "./thread-messages.ts";
import type { WriterOptions } from "./writer.ts";

// Types are stripped when run from source; a build has no .ts beside it.
const MODULE = new URL(import.meta.url.endsWith(".ts") ? "./writer-worker.ts" : "./writer-worker.js", import.meta.url);

export class WriterThread {
  readonly #worker: Worker;
  readonly #gone: Promise<void>;
  #waiting: { readonly resolve: (reply: WriterReply) => void; readonly reject: (cause: unknown) => void } | undefined;
  #isGone = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gone = promise;
    let crash: unknown = new Error("the writer's thread ended");
    worker.on("message", (reply: WriterReply) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve(reply);
    });
    worker.on("error", (error) => {
      crash = error;
    });
    worker.on("exit", () => {
      this.#isGone = true;
      this.#waiting?.reject(crash);
      this.#waiting = undefined;
      resolve();
    });
  }

  /** Rejects when the file can't be opened for writing. */
  static async start(options: WriterOptions): Promise<WriterThread> {
    const thread = new WriterThread(new Worker(MODULE, { workerData: options }));
    const reply = await thread.#reply();
    if (reply.kind === "opened") return thread;
    await thread.#gone;
    throw new Error(reply.kind === "failed" ? reply.cause.message : "the writer did not open", { cause: reply });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Rejects when the thread ended before it replied: then nobody knows. */
  request(request: WriterRequest): Promise<WriterReply> {
    if (this.#isGone) return Promise.reject(new Error("the writer's thread ended"));
    this.#worker.postMessage(request);
    return this.#reply();
  }

  /** Resolves when the thread has let go of the file. */
  ended(): Promise<void> {
    return this.#gone;
  }

  async close(): Promise<void> {
    if (!this.#isGone) this.#worker.postMessage({ kind: "close" } satisfies WriterRequest);
    await this.#gone;
  }

  #reply(): Promise<WriterReply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}
