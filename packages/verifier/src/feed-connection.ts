// One connection to the feed, from its opening to its end: hello, frames in, pings out. What it learns goes to the
// knowledge; pings and their nonces live and die with it (LEASE-2).

import {
  encodeBase64url,
  FEED_CLOSE,
  FEED_VERSION,
  formatPosition,
  type HeadFrame,
  MAX_ACTIVITY,
  PACKED_VERSION,
  parsePackedFrames,
  parseServerFrame,
  type ServerFrame,
  type VerifierStats,
  type Welcome,
} from "@hallpass/protocol";
import type { Knowledge } from "./knowledge.ts";
import { Pings } from "./lease.ts";
import type { Counters } from "./metrics.ts";
import type { Settings } from "./options.ts";
import type { Cancel, Connection, FeedBearer, Ports } from "./ports.ts";
import { notWelcomed, otherIssuer, type Trouble } from "./trouble.ts";

export const VERIFIER_VERSION = "hallpass-verifier/0.1.0";
const SILENCE_MS = 10_000;
/** However long a bearer lives, another one is fetched by then: beyond some 24 days timers of the platform fire at once, and again and again. */
const LONGEST_BEARER_MS = 86_400_000;
/** Heads in a row beyond what was applied: by then a frame was lost, and only another connection brings it. */
const MOST_BEHIND = 3;

export interface FeedDeps {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly knowledge: Knowledge;
  readonly counters: Counters;
  readonly trouble: Trouble;
  /** The name of this process, the same each time. */
  readonly instance: () => string;
  /** What a ping tells about this verifier. */
  readonly stats: () => VerifierStats;
  /** Called after each answered ping with what the server's clock is ahead of ours, in milliseconds. */
  readonly onLease: (serverAhead: number) => void;
}

export class FeedConnection {
  readonly #deps: FeedDeps;
  readonly #bearer: FeedBearer;
  readonly #url: string;
  readonly #ended: (code: number) => void;
  readonly #connection: Connection;
  readonly #pings = new Pings();
  readonly #cursor: string | null;
  #heardAt: number;
  #behind = 0;
  #welcomed = false;
  #keysSeen = false;
  /** The view is what this connection continues: resumed, or replaced by its snapshot. */
  #synced = false;
  #over = false;
  /** Why it was left, where that is known better than by its code. */
  #why: string | undefined;
  #cancelTick: Cancel;
  #cancelAuth: Cancel = () => {};

  /** `ended` is called once, with the close code, unless `close` was called before. */
  constructor(deps: FeedDeps, url: string, bearer: FeedBearer, ended: (code: number) => void) {
    this.#deps = deps;
    this.#bearer = bearer;
    this.#url = url;
    this.#ended = ended;
    this.#cursor = deps.knowledge.cursor;
    this.#heardAt = deps.ports.clock.monotonic();
    this.#cancelTick = deps.ports.scheduler.after(this.#pingEvery, () => this.#tick());
    this.#connection = deps.ports.connect({
      url,
      token: bearer.token,
      onOpen: () => this.#hello(),
      onText: (text) => this.#read(() => frameOf(text)),
      onBytes: (bytes) => this.#read(() => parsePackedFrames(bytes)),
      onClose: (code) => this.#finish(code),
    });
  }

  /** Whether activity may be sent. */
  get welcomed(): boolean {
    return this.#welcomed && !this.#over;
  }

  sendActivity(sessions: readonly (readonly [sid: string, atMs: number])[]): void {
    for (let from = 0; from < sessions.length; from += MAX_ACTIVITY) {
      this.#send({ type: "activity", sessions: sessions.slice(from, from + MAX_ACTIVITY) });
    }
  }

  /** Says goodbye: whoever closes on purpose relies on no lease any more. */
  close(): void {
    if (this.#over) return;
    this.#send({ type: "bye" });
    this.#stop();
    this.#connection.close(1000);
  }

  // At least every second, and four times within M (LEASE-9).
  get #pingEvery(): number {
    return Math.min(1000, Math.floor(this.#deps.settings.maxStalenessMs / 4));
  }

  #hello(): void {
    if (this.#over) return;
    this.#send({ ...helloOf(this.#deps, this.#cursor), packed: PACKED_VERSION });
  }

  #read(parsed: () => readonly ServerFrame[] | undefined): void {
    if (this.#over) return;
    this.#heardAt = this.#deps.ports.clock.monotonic();
    const frames = parsed();
    if (frames === undefined) {
      // What could not be read may have been a notice: as good as a gap.
      this.#deps.counters.malformedFrames += 1;
      this.#deps.knowledge.apply({ type: "contradicted", why: "gap" });
      this.#leave(FEED_CLOSE.malformed);
    } else if (frames.some((frame) => this.#apply(frame))) {
      this.#deps.counters.feedGaps += 1;
      this.#leave(FEED_CLOSE.malformed);
    }
  }

  /** True when the connection must be left. */
  #apply(frame: ServerFrame): boolean {
    const { knowledge } = this.#deps;
    if (frame.type === "welcome") return this.#welcome(frame);
    if (!this.#welcomed) return true;
    switch (frame.type) {
      case "keys": {
        const leave = knowledge.applyKeys(frame, !this.#keysSeen);
        this.#keysSeen = true;
        if (!leave) this.#ping();
        return leave;
      }
      case "snapshot":
      case "notices": {
        const leave = knowledge.apply(frame);
        this.#synced ||= frame.type === "snapshot" && frame.last;
        if (!leave) this.#ping();
        return leave;
      }
      case "head":
        return this.#head(frame);
    }
  }

  #welcome(frame: Welcome): boolean {
    const { knowledge, settings } = this.#deps;
    if (frame.issuer !== settings.issuer) this.#why = otherIssuer(frame.issuer, settings.issuer);
    if (this.#welcomed || frame.feed !== FEED_VERSION || frame.issuer !== settings.issuer) return true;
    if (frame.resumed && this.#cursor === null) return true;
    this.#welcomed = true;
    this.#refreshBearer(this.#bearer.expiresAt ?? frame.token_expires_ms);
    this.#synced = frame.resumed;
    return knowledge.welcome(frame);
  }

  #head(frame: HeadFrame): boolean {
    const { knowledge, ports, onLease } = this.#deps;
    const ping = this.#pings.take(frame.n);
    const answer = knowledge.answer(frame, ping);
    this.#behind = answer === "behind" ? this.#behind + 1 : 0;
    if (this.#behind >= MOST_BEHIND) return knowledge.apply({ type: "contradicted", why: "gap" });
    if (answer === "granted" && ping !== undefined) onLease(frame.time - (ping.at.wall + ports.clock.now()) / 2);
    return answer === "gap" || answer === "went_back";
  }

  #tick(): void {
    if (this.#over) return;
    const { clock, scheduler } = this.#deps.ports;
    const patience = this.#welcomed ? Math.min(SILENCE_MS, this.#deps.settings.maxStalenessMs / 2) : SILENCE_MS;
    if (clock.monotonic() - this.#heardAt > patience) return this.#leave(1000);
    this.#ping();
    this.#cancelTick = scheduler.after(this.#pingEvery, () => this.#tick());
  }

  // The clocks are read before the ping is handed over, so the lease never starts later than the ping was sent.
  #ping(): void {
    const { ports, knowledge, stats } = this.#deps;
    const applied = knowledge.applied;
    if (!this.#synced || applied === undefined) return;
    const n = encodeBase64url(ports.dice.bytes(16));
    const at = { wall: ports.clock.now(), mono: ports.clock.monotonic() };
    this.#pings.sent(n, { at, applied });
    this.#send({ type: "ping", n, applied: formatPosition(applied), keys: knowledge.keys.version, stats: stats() });
  }

  // CONN-1: a fresh bearer in band, well before the old one ends.
  #refreshBearer(expiresAt: number): void {
    const { ports } = this.#deps;
    const life = Math.min(LONGEST_BEARER_MS, expiresAt - ports.clock.now());
    const wait = Math.max(1000, life * (0.6 + 0.2 * fraction(ports)));
    this.#cancelAuth = ports.scheduler.after(wait, () => {
      ports.fetchToken().then(
        ({ token, expiresAt: next }) => {
          if (this.#over) return;
          this.#send({ type: "auth", token });
          this.#refreshBearer(next ?? ports.clock.now() + wait);
        },
        () => {
          if (!this.#over) this.#refreshBearer(expiresAt);
        },
      );
    });
  }

  #send(frame: object): void {
    this.#connection.send(JSON.stringify(frame));
  }

  #leave(code: number): void {
    this.#finish(code);
    this.#connection.close(code);
  }

  #finish(code: number): void {
    if (this.#over) return;
    this.#stop();
    this.#deps.knowledge.apply({ type: "disconnected" });
    const ended = this.#welcomed ? `the connection ended (${code})` : notWelcomed(this.#url, code);
    this.#deps.trouble.words = this.#why ?? ended;
    this.#ended(code);
  }

  #stop(): void {
    this.#over = true;
    this.#cancelTick();
    this.#cancelAuth();
  }
}

function frameOf(text: string): readonly ServerFrame[] | undefined {
  const frame = parseServerFrame(text);
  if (frame?.type === "ignored") return [];
  return frame === undefined ? undefined : [frame];
}

export function helloOf({ settings, instance }: FeedDeps, cursor: string | null): object {
  const { service, region, maxStalenessMs, onStale } = settings;
  return {
    type: "hello",
    feed: FEED_VERSION,
    instance: instance(),
    service,
    ...(region === undefined ? {} : { region }),
    version: VERIFIER_VERSION,
    after: cursor,
    max_staleness_ms: maxStalenessMs,
    on_stale: onStale,
  };
}

/** Random in [0, 1). */
export function fraction(ports: Ports): number {
  const bytes = ports.dice.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}

export function randomName(ports: Ports): string {
  return Array.from(ports.dice.bytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
