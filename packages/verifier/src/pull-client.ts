// The feed for a verifier that keeps no connection (spec/feed.md, Pull): one request at a time, only while somebody waits
// for it. An answer is read whole and applied in one turn, or not at all (PULL-6).

import {
  encodeBase64url,
  FEED_VERSION,
  formatPosition,
  type HeadFrame,
  type Position,
  parsePackedFrames,
  parseServerFrame,
  type ServerFrame,
} from "@hallpass/protocol";
import type { Activity, ActivityPairs } from "./activity.ts";
import { type FeedDeps, fraction, helloOf } from "./feed-connection.ts";
import { HeldBearer } from "./held-bearer.ts";
import { ageOf, type Reading } from "./lease.ts";
import { otherIssuer, wordsOf } from "./trouble.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
/** A request that nobody answers, or whose runtime has forgotten it, is given up after this. */
const PATIENCE_MS = 10_000;
/** What a view that is empty has applied: it lies before every notice. */
const NOTHING: Position = { epoch: 1, seq: 0 };

interface Flight {
  /** Read just before the request is sent; none while its bearer is being fetched. */
  sent: Reading | undefined;
  /** Never rejects. */
  readonly over: Promise<void>;
}

export interface PullClientDeps extends FeedDeps {
  readonly activity: Activity;
}

export class PullClient {
  readonly #deps: PullClientDeps;
  readonly #bearer: HeldBearer;
  #flight: Flight | undefined;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(deps: PullClientDeps) {
    this.#deps = deps;
    this.#bearer = new HeldBearer(deps.ports);
  }

  /** Whether the last request was answered. */
  get connected(): boolean {
    return this.#failures === 0 && this.#deps.knowledge.applied !== undefined;
  }

  /** Half of M is over, and nobody is asking: whoever verifies now may ask ahead of need (PULL-8). */
  isDue(age: number): boolean {
    return age * 2 >= this.#deps.settings.maxStalenessMs && this.#flight === undefined && !this.#isPaused;
  }

  /**
   * Settles when the view is younger than `maxAgeMs` (and M), or can't be made so now. Joins a request that is under way if what
   * it brings can be young enough; waits for its end and sends another if not (PULL-7). Never rejects.
   */
  async renew(maxAgeMs: number = Number.POSITIVE_INFINITY): Promise<void> {
    const limitMs = Math.min(maxAgeMs, this.#deps.settings.maxStalenessMs);
    // The second time the request is the caller's own, or one that was sent after this call.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const joined = this.#flight;
      if (joined === undefined && (this.#isPaused || this.#closed)) return;
      const flight = joined ?? this.#start();
      const serves = flight.sent === undefined || this.#ageNow(flight.sent) < limitMs;
      await this.#endOf(flight);
      if (joined === undefined || (serves && this.#leaseAge() < limitMs)) return;
    }
  }

  /** Rejects when there is no lease to be had now. */
  async ready(): Promise<void> {
    await this.renew();
    if (!(this.#leaseAge() < this.#deps.settings.maxStalenessMs))
      throw new Error(`the feed could not be pulled: ${this.#deps.trouble.words ?? "its answer lay back too far"}`);
  }

  close(): void {
    this.#closed = true;
    this.#flight = undefined;
  }

  get #isPaused(): boolean {
    return this.#deps.ports.clock.monotonic() < this.#pausedUntil;
  }

  #ageNow(sent: Reading): number {
    const { clock } = this.#deps.ports;
    return ageOf(sent, clock.now(), clock.monotonic());
  }

  #leaseAge(): number {
    const { clock } = this.#deps.ports;
    return this.#deps.knowledge.lease.age(clock.now(), clock.monotonic());
  }

  #start(): Flight {
    const { promise, resolve } = Promise.withResolvers<void>();
    const flight: Flight = { sent: undefined, over: promise };
    this.#flight = flight;
    const { pairs, giveBack } = this.#deps.activity.take();
    void this.#fly(flight, pairs)
      .catch((cause: unknown) => {
        // One that was given up says nothing about those that came after it.
        if (this.#flight === flight) this.#deps.trouble.words = wordsOf(cause);
        return false;
      })
      .then((counts) => {
        if (!counts) giveBack();
        this.#land(flight, counts);
        resolve();
      });
    return flight;
  }

  // Each waits by a timer of its own: some runtimes drop what was begun for a request that is gone, and others wait for it.
  async #endOf(flight: Flight): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#deps.ports.scheduler.after(PATIENCE_MS, () => {
      this.#land(flight, false);
      resolve();
    });
    await Promise.race([flight.over, promise]);
    cancel();
  }

  #land(flight: Flight, answered: boolean): void {
    if (this.#flight !== flight) return;
    this.#flight = undefined;
    this.#failures = answered ? 0 : this.#failures + 1;
    const { trouble } = this.#deps;
    trouble.words = answered ? null : (trouble.words ?? "the feed's answer did not come, or could not be used");
    if (answered) return;
    const { ports } = this.#deps;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    this.#pausedUntil = ports.clock.monotonic() + longest * (0.5 + fraction(ports) / 2);
  }

  /** Whether an answer came that counts. Rejects when none came. */
  async #fly(flight: Flight, sessions: ActivityPairs): Promise<boolean> {
    const frames = await this.#frames(flight, sessions);
    if (frames === undefined) this.#deps.counters.malformedFrames += 1;
    // Given up meanwhile: its place may have been taken.
    return frames !== undefined && this.#flight === flight && this.#apply(frames, flight);
  }

  /** Undefined for an answer that does not count. Rejects when there is none. */
  async #frames(flight: Flight, sessions: ActivityPairs): Promise<readonly ServerFrame[] | undefined> {
    const { ports, counters } = this.#deps;
    if (ports.pull === undefined) throw new Error("this verifier can't pull");
    // A bearer that was taken away is replaced once.
    for (let attempt = 0; ; attempt += 1) {
      let token: string;
      try {
        ({ token } = await this.#bearer.fresh(() => ports.crypto.load?.()));
      } catch (cause) {
        counters.bearerFailures += 1;
        throw cause;
      }
      counters.feedConnects += 1;
      const n = encodeBase64url(ports.dice.bytes(16));
      const body = this.#request(n, sessions);
      // The clocks are read before the request is handed over, so the lease never starts later than it was sent.
      flight.sent = { wall: ports.clock.now(), mono: ports.clock.monotonic() };
      const { status, text, packed } = await ports.pull(token, body);
      if (status === 200) return wholeOf(packed === undefined ? framesOf(text) : parsePackedFrames(packed), n);
      if (status !== 401 || attempt > 0) throw new Error(`the feed answered ${status}`);
      this.#bearer.drop();
    }
  }

  #request(n: string, sessions: ActivityPairs): string {
    const { knowledge, stats } = this.#deps;
    const applied = formatPosition(knowledge.applied ?? NOTHING);
    const keys = knowledge.keys.version ?? 0;
    return [
      helloOf(this.#deps, knowledge.cursor),
      ...(sessions.length === 0 ? [] : [{ type: "activity", sessions }]),
      { type: "ping", n, applied, keys, stats: stats() },
    ]
      .map((frame) => `${JSON.stringify(frame)}\n`)
      .join("");
  }

  // One turn: nobody judges by half an answer.
  #apply(frames: readonly ServerFrame[], { sent }: Flight): boolean {
    const { knowledge, settings, counters, ports, trouble, onLease } = this.#deps;
    const before = knowledge.applied ?? NOTHING;
    const hadCursor = knowledge.cursor !== null;
    let lost = false;
    for (const frame of frames) {
      if (frame.type === "welcome") {
        if (frame.issuer !== settings.issuer) trouble.words = otherIssuer(frame.issuer, settings.issuer);
        if (frame.feed !== FEED_VERSION || frame.issuer !== settings.issuer || (frame.resumed && !hadCursor))
          return false;
        lost = knowledge.welcome(frame);
      } else if (frame.type === "keys") lost = knowledge.applyKeys(frame, true);
      else if (frame.type !== "head") lost = knowledge.apply(frame);
      else if (sent !== undefined) {
        const answer = knowledge.answer(frame, { at: sent, applied: before });
        if (answer === "granted") onLease(frame.time - (sent.wall + ports.clock.now()) / 2);
        lost = answer !== "granted";
      }
      if (lost) break;
    }
    if (lost) counters.feedGaps += 1;
    knowledge.apply({ type: "disconnected" });
    return !lost;
  }
}

/** The frames that stand one to a line; undefined when one can't be read. */
function framesOf(text: string): readonly ServerFrame[] | undefined {
  const frames: ServerFrame[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const frame = parseServerFrame(line);
    if (frame === undefined) return undefined;
    if (frame.type !== "ignored") frames.push(frame);
  }
  return frames;
}

/** Undefined unless they are whole: welcome, keys, what is to be applied, and the head that answers `n` (PULL-3). */
function wholeOf(frames: readonly ServerFrame[] | undefined, n: string): readonly ServerFrame[] | undefined {
  const [welcome, keys, ...rest] = frames ?? [];
  const head: ServerFrame | undefined = rest.pop();
  const whole = welcome?.type === "welcome" && keys?.type === "keys" && isHeadFor(head, n);
  const between = rest.every(
    ({ type }) => type === (welcome?.type === "welcome" && welcome.resumed ? "notices" : "snapshot"),
  );
  return whole && between ? frames : undefined;
}

function isHeadFor(frame: ServerFrame | undefined, n: string): frame is HeadFrame {
  return frame?.type === "head" && frame.n === n;
}
