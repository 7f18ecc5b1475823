// The store: reads on this thread, writes on another, one lock for the file, and one answer for whatever goes wrong: a Fault.

import {
  type Clock,
  checkChanges,
  type Dice,
  Fault,
  type MaybePromise,
  type RowKey,
  type Snapshot,
  type Store,
} from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import { Acknowledged } from "./acknowledged.ts";
import { CommitQueue } from "./commit-queue.ts";
import { lockFile } from "./file-lock.ts";
import { makePrivateFile } from "./private-file.ts";
import { Reader } from "./reader.ts";
import type { WriterOptions } from "./writer.ts";
import { WriterThread } from "./writer-thread.ts";

export interface SqliteStoreOptions {
  /** Made with its directory if it does not exist. Beside it stand `-wal`, `-shm` and `-lock`. */
  readonly file: string;
  readonly clock: Pick<Clock, "now">;
  readonly dice: Dice;
  /** How large the file may grow; a write beyond that fails as on a full disk. Without it the disk is the bound. */
  readonly maxBytes?: number;
}

/**
 * Opens the file, or makes it. Rejects with a Fault `store_unavailable` whose cause names the file when another process
 * serves it or when it is no store that this release can serve.
 */
export async function openSqliteStore({ file, clock, dice, maxBytes }: SqliteStoreOptions): Promise<Store> {
  const unlock = lockFile(file);
  try {
    makePrivateFile(file);
    const connections = new Connections({ file, birthMark: encodeBase64url(dice.bytes(8)), maxBytes });
    await connections.writer();
    return storeOn(connections, clock, unlock);
  } catch (error) {
    unlock();
    throw new Fault("store_unavailable", { cause: new Error(`${file} can't be opened`, { cause: error }) });
  }
}

function storeOn(connections: Connections, clock: Pick<Clock, "now">, unlock: () => void): Store {
  const wakers = new Set<() => void>();
  const acknowledged = new Acknowledged();
  const queue = new CommitQueue({
    clock,
    acknowledged,
    writer: () => connections.writer(),
    headMoved: () => {
      for (const wake of wakers) queueMicrotask(wake);
    },
  });
  let closed: Promise<void> | undefined;

  function open(): void {
    if (closed !== undefined) throw new Fault("store_unavailable");
  }

  async function ask<T>(question: (reader: Reader) => T): Promise<T> {
    open();
    const reader = connections.reader() ?? (await reopened());
    return attempt(() => question(reader));
  }

  function attempt<T>(question: () => T): T {
    try {
      return question();
    } catch (error) {
      throw error instanceof RangeError ? error : new Fault("store_unavailable", { cause: error });
    }
  }

  async function reopened(): Promise<Reader> {
    try {
      return await connections.reopened();
    } catch (error) {
      throw new Fault("store_unavailable", { cause: error });
    }
  }

  /** Mostly what is asked for is in memory or in the file, and nothing is waited for. */
  function read(keys: readonly RowKey[]): MaybePromise<Snapshot> {
    const reader = closed === undefined ? connections.reader() : undefined;
    if (reader === undefined) return readLater(keys);
    try {
      return reader.read(keys, clock, acknowledged) ?? readLater(keys);
    } catch {
      // It is asked once more, and says the same to a promise.
      return readLater(keys);
    }
  }

  async function readLater(keys: readonly RowKey[]): Promise<Snapshot> {
    open();
    for (;;) {
      const reader = connections.reader() ?? (await reopened());
      const snapshot = attempt(() => reader.read(keys, clock, acknowledged));
      if (snapshot !== undefined) return snapshot;
      await queue.outcomesKnown();
    }
  }

  async function close(): Promise<void> {
    await queue.idle();
    await connections.close();
    wakers.clear();
    unlock();
  }

  return {
    traits: { name: "sqlite", durability: "power", head: "linearizable", nodes: "one" },
    read,
    commit: async (changes) => {
      open();
      checkChanges(changes);
      return changes.length === 0 ? [] : queue.commit(changes);
    },
    notices: (range) => ask((reader) => reader.notices(range)),
    markAt: (pos) => ask((reader) => reader.markAt(pos)),
    facts: (query) => ask((reader) => acknowledged.facts.page(query) ?? reader.facts(query)),
    list: (query) => ask((reader) => reader.list(query)),
    due: (query) => ask((reader) => reader.due(query)),
    drop: async (bounds) => {
      open();
      return queue.drop(bounds);
    },
    onHeadMoved: (wake) => {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
    close: () => (closed ??= close()),
  };
}

/**
 * The writer's thread and the reader, which live and die together: after a write that may or may not have reached the disk,
 * every connection is closed before one is opened again, so that SQLite recovers from what the disk really holds.
 */
class Connections {
  readonly #options: WriterOptions;
  #reader: Reader | undefined;
  #thread: WriterThread | undefined;
  #starting: Promise<WriterThread> | undefined;
  #isClosed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Undefined while there is no writer: what it left may not be what the disk holds. */
  reader(): Reader | undefined {
    return this.#thread?.isGone === false ? this.#reader : undefined;
  }

  async writer(): Promise<WriterThread> {
    if (this.#thread?.isGone === false) return this.#thread;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async reopened(): Promise<Reader> {
    await this.writer();
    const reader = this.reader();
    if (reader === undefined) throw new Error("the file can't be read");
    return reader;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // One that is just opening would keep the file, and the process.
    await this.#starting?.catch(() => undefined);
    this.#reader?.close();
    this.#reader = undefined;
    await this.#thread?.close();
  }

  async #start(): Promise<WriterThread> {
    if (this.#isClosed) throw new Error("the store is closed");
    this.#reader?.close();
    this.#reader = undefined;
    const thread = await WriterThread.start({ ...this.#options, recovering: this.#thread !== undefined });
    try {
      this.#reader = new Reader(this.#options.file);
    } catch (error) {
      await thread.close();
      throw error;
    }
    this.#thread = thread;
    return thread;
  }
}
