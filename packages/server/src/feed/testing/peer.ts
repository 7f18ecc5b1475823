// The other end of a connection to a hub: says what a test wants said, keeps what it was told, and how it ended.

import {
  formatPosition,
  type HeadFrame,
  type Hello,
  type KeysFrame,
  type NoticesFrame,
  type Position,
  parsePackedFrames,
  parseServerFrame,
  type ServerFrame,
  type SnapshotFrame,
  type Welcome,
} from "@hallpass/protocol";
import type { FeedHub, FeedSession } from "../hub.ts";
import type { Channel, Message } from "../outbox.ts";
import type { FeedBearer } from "../own-bearer.ts";

export class Peer {
  readonly messages: Message[] = [];
  /** Parsed when somebody looks: ten thousand peers may share one text. */
  readonly #frames: ServerFrame[] = [];
  #read = 0;
  /** The code that the server closed with. */
  closedWith: number | undefined;
  /** What this reader has not read. */
  unread = 0;
  /** Stops reading: whatever is sent piles up. */
  stalled = false;
  readonly #session: FeedSession;
  readonly #name: string;
  #pings = 0;

  constructor(hub: FeedHub, bearer: FeedBearer, name = "api-1") {
    this.#name = name;
    const channel: Channel = {
      send: (message) => this.#take(message),
      close: (code) => {
        this.closedWith ??= code;
      },
      bufferedBytes: () => this.unread,
    };
    this.#session = hub.connect(channel, bearer);
  }

  hello(changes: Partial<Omit<Hello, "type">> = {}): void {
    this.say({
      type: "hello",
      feed: 1,
      instance: this.#name,
      service: "api",
      region: "eu",
      version: "verifier/1",
      after: null,
      max_staleness_ms: 60_000,
      on_stale: "unavailable",
      ...changes,
    });
  }

  /** Answers the n. */
  ping(applied: Position | undefined = this.applied, keys: number | undefined = this.keys?.version): string {
    this.#pings += 1;
    const n = String(this.#pings).padStart(21, "x").concat("A");
    this.say({ type: "ping", n, applied: formatPosition(applied ?? { epoch: 1, seq: 0 }), keys: keys ?? 0 });
    return n;
  }

  say(frame: object): void {
    this.raw(JSON.stringify(frame));
  }

  raw(text: string): void {
    this.#session.receive(text);
  }

  hangUp(): void {
    this.#session.closed();
  }

  get frames(): readonly ServerFrame[] {
    for (const message of this.messages.slice(this.#read)) {
      const frames = typeof message === "string" ? [parseServerFrame(message)] : (parsePackedFrames(message) ?? []);
      const read = frames.filter((frame) => frame !== undefined && frame.type !== "ignored");
      if (read.length !== 1) throw new Error("the server sent what no verifier reads");
      this.#frames.push(...read);
    }
    this.#read = this.messages.length;
    return this.#frames;
  }

  get welcome(): Welcome | undefined {
    return this.frames.find((frame) => frame.type === "welcome");
  }

  get keys(): KeysFrame | undefined {
    return this.frames.findLast((frame) => frame.type === "keys");
  }

  get heads(): readonly HeadFrame[] {
    return this.frames.filter((frame) => frame.type === "head");
  }

  get snapshot(): readonly SnapshotFrame[] {
    return this.frames.filter((frame) => frame.type === "snapshot");
  }

  get intervals(): readonly NoticesFrame[] {
    return this.frames.filter((frame) => frame.type === "notices");
  }

  /** Where a view would stand that applied everything. */
  get applied(): Position | undefined {
    const last = this.frames.findLast((frame) => frame.type === "notices" || (frame.type === "snapshot" && frame.last));
    return last !== undefined && "to" in last ? last.to : undefined;
  }

  get cursor(): string | null {
    const last = this.frames.findLast((frame) => frame.type === "notices" || (frame.type === "snapshot" && frame.last));
    return last !== undefined && "cursor" in last ? last.cursor : null;
  }

  get types(): readonly string[] {
    return this.frames.map(({ type }) => type);
  }

  #take(message: Message): void {
    this.messages.push(message);
    if (this.stalled) this.unread += message.length;
  }
}
