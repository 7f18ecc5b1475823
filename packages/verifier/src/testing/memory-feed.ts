// The server's side of the feed in memory: it speaks the frames of spec/feed.md to one or many verifiers, on ports.
// It keeps notices and keys, answers pings with its head, and can be cut off, delayed and made to speak nonsense.

import {
  encodeBase64url,
  FEED_VERSION,
  formatPosition,
  isBefore,
  type JsonObject,
  type Notice,
  noticeToWire,
  type Position,
  parseVerifierFrame,
  type Taking,
  type VerifierFrame,
} from "@hallpass/protocol";
import type { Connection, OpenConnection, PullReply } from "../ports.ts";

export interface FeedKeyWire {
  readonly kid: string;
  readonly state: "next" | "active" | "retiring";
  readonly jwk: JsonObject;
}

export interface MemoryFeedOptions {
  readonly issuer: string;
  readonly now: () => number;
  readonly maxLifetimeSeconds?: number;
  readonly skewSeconds?: number;
}

/** One verifier's connection, seen from the server. */
export interface FeedPeer {
  readonly received: VerifierFrame[];
  send(frame: object): void;
  sendText(text: string): void;
  /** A binary message. */
  sendBytes(bytes: Uint8Array): void;
  close(code: number): void;
}

const PART = 2000;

export class MemoryFeed {
  readonly #options: MemoryFeedOptions;
  readonly #notices: Notice[] = [];
  readonly peers: Set<FeedPeer> = new Set();
  readonly salt: Uint8Array = Uint8Array.from({ length: 16 }, (_, index) => index * 7 + 1);
  head: Position = { epoch: 1, seq: 0 };
  keys: FeedKeyWire[] = [];
  keysVersion = 1;
  horizon = 0;
  /** False: frames get lost in both directions, and nobody is told. */
  reachable = true;
  /** False: connections are refused. */
  listening = true;
  /** False: the server listens and says nothing by itself. */
  answers = true;
  /** Whether a cursor that fits is resumed; otherwise every connection gets a snapshot. */
  resumes = true;
  /** Every connection there ever was, oldest first. */
  readonly history: FeedPeer[] = [];

  constructor(options: MemoryFeedOptions) {
    this.#options = options;
  }

  get notices(): readonly Notice[] {
    return this.#notices;
  }

  /** The port of a verifier. */
  readonly connect = (open: OpenConnection): Connection => {
    let over = false;
    const close = (code: number): void => {
      if (over) return;
      over = true;
      this.peers.delete(peer);
      queueMicrotask(() => open.onClose(code));
    };
    const peer: FeedPeer = {
      received: [],
      send: (frame) => peer.sendText(JSON.stringify(frame)),
      sendText: (text) => {
        if (!over && this.reachable) open.onText(text);
      },
      sendBytes: (bytes) => {
        if (!over && this.reachable) open.onBytes(bytes);
      },
      close,
    };
    this.history.push(peer);
    queueMicrotask(() => {
      if (!this.listening || !this.reachable) return close(1006);
      this.peers.add(peer);
      open.onOpen();
    });
    return {
      send: (text) => {
        if (!over && this.reachable) queueMicrotask(() => this.#receive(peer, text));
      },
      close: (code) => close(code),
    };
  };

  /** The port of a verifier that pulls. Each request counts as a peer in the history. */
  readonly pull = async (_token: string, body: string): Promise<PullReply> => {
    if (!this.listening || !this.reachable) throw new Error("there is no way to the feed");
    const frames = body.trimEnd().split("\n").map(parseVerifierFrame);
    const [hello, ping] = [frames.at(0), frames.at(-1)];
    if (hello?.type !== "hello" || ping?.type !== "ping") return { status: 400, text: "" };
    const sent: object[] = [];
    const received = frames.filter((frame) => frame !== undefined);
    const nothing = (): void => undefined;
    const send = (frame: object): void => void sent.push(frame);
    const peer: FeedPeer = { received, send, sendText: nothing, sendBytes: nothing, close: nothing };
    this.history.push(peer);
    this.#welcome(peer, hello.after);
    if (this.answers) sent.push(this.headFrame(ping.n));
    return { status: 200, text: sent.map((frame) => `${JSON.stringify(frame)}\n`).join("") };
  };

  /** Commits a notice and pushes it. */
  take(taking: Taking, until: number = this.#options.now() + 3_610_000): Notice {
    const epoch = this.head.epoch + (taking.kind === "epoch" ? 1 : 0);
    const notice: Notice = { pos: { epoch, seq: this.head.seq + 1 }, at: this.#options.now(), until, taking };
    const frame = this.noticesFrame(this.head, notice.pos, [notice]);
    this.#notices.push(notice);
    this.head = notice.pos;
    for (const peer of this.peers) peer.send(frame);
    return notice;
  }

  /** Replaces the key set and pushes it. */
  publish(keys: readonly FeedKeyWire[]): void {
    this.keys = [...keys];
    this.keysVersion += 1;
    for (const peer of this.peers) peer.send(this.keysFrame());
  }

  noticesFrame(after: Position, to: Position, notices: readonly Notice[]): object {
    return {
      type: "notices",
      after: formatPosition(after),
      to: formatPosition(to),
      cursor: cursorAt(to),
      notices: notices.map(noticeToWire),
      horizon_ms: this.horizon,
    };
  }

  keysFrame(): object {
    return { type: "keys", version: this.keysVersion, keys: this.keys };
  }

  snapshotFrames(): object[] {
    const live = this.#notices.filter(({ until }) => until > this.horizon);
    const parts = Math.max(1, Math.ceil(live.length / PART));
    return Array.from({ length: parts }, (_, index) => {
      const notices = live.slice(index * PART, (index + 1) * PART).map(noticeToWire);
      if (index < parts - 1) return { type: "snapshot", part: index + 1, last: false, notices };
      const to = { to: formatPosition(this.head), cursor: cursorAt(this.head), horizon_ms: this.horizon };
      return { type: "snapshot", part: index + 1, last: true, notices, ...to };
    });
  }

  welcomeFrame(resumed: boolean): object {
    return {
      type: "welcome",
      feed: FEED_VERSION,
      issuer: this.#options.issuer,
      tenant: "default",
      node: "n1",
      salt: encodeBase64url(this.salt),
      skew_s: this.#options.skewSeconds ?? 5,
      max_lifetime_s: this.#options.maxLifetimeSeconds ?? 3600,
      token_expires_ms: this.#options.now() + 3_600_000,
      resumed,
    };
  }

  headFrame(n: string): object {
    return { type: "head", n, pos: formatPosition(this.head), keys: this.keysVersion, time_ms: this.#options.now() };
  }

  #receive(peer: FeedPeer, text: string): void {
    const frame = parseVerifierFrame(text);
    if (frame === undefined) return peer.close(4400);
    peer.received.push(frame);
    if (!this.answers) return;
    if (frame.type === "hello") this.#welcome(peer, frame.after);
    if (frame.type === "ping") peer.send(this.headFrame(frame.n));
  }

  #welcome(peer: FeedPeer, after: string | null): void {
    const at = this.resumes ? this.#positionOf(after) : undefined;
    peer.send(this.welcomeFrame(at !== undefined));
    peer.send(this.keysFrame());
    if (at === undefined) for (const frame of this.snapshotFrames()) peer.send(frame);
    else
      peer.send(
        this.noticesFrame(
          at,
          this.head,
          this.#notices.filter(({ pos }) => isBefore(at, pos)),
        ),
      );
  }

  #positionOf(cursor: string | null): Position | undefined {
    if (cursor === null) return undefined;
    const known = [{ epoch: 1, seq: 0 }, ...this.#notices.map(({ pos }) => pos)];
    return known.find((pos) => cursorAt(pos) === cursor);
  }
}

/** A verifier keeps it as opaque text, so any text will do. */
export function cursorAt(pos: Position): string {
  return `${formatPosition(pos)}.AAAAAAAAAAA.AAAAAAAAAAA`;
}
