// Holds a connection to its bearer (CONN-1): ends it when the bearer ends or is taken away, unless a fresh one of the same
// client came in time.

import type { Cancel, ClientId, Clock, Instant, Issuer, Scheduler } from "@hallpass/core";
import { FEED_CLOSE } from "@hallpass/protocol";
import type { FeedLog } from "./feed-event.ts";
import { bearerWatch, type FeedBearer, type JudgedBearer } from "./own-bearer.ts";
import type { Takings } from "./takings.ts";

export interface BearerHoldDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly issuer: Issuer;
  readonly judge: (token: string) => Promise<JudgedBearer>;
  readonly log: FeedLog;
}

/** A wall clock that jumps is noticed after this long. */
const LONGEST_SLEEP_MS = 60_000;

export class BearerHold {
  readonly #deps: BearerHoldDeps;
  readonly #close: (code: number, reason: string) => void;
  #bearer: FeedBearer;
  #isTakenBy: (takings: Takings) => boolean;
  #cancelExpiry: Cancel = () => {};
  /** What came while a fresh bearer was being judged: the judge may have read before it. */
  #metMeanwhile: Takings[] | undefined;
  /** The last token that came while another was being judged. */
  #waiting: string | undefined;
  #over = false;

  constructor(deps: BearerHoldDeps, bearer: FeedBearer, close: (code: number, reason: string) => void) {
    this.#deps = deps;
    this.#close = close;
    this.#bearer = bearer;
    this.#isTakenBy = bearerWatch(deps.issuer, bearer);
    this.#watchExpiry();
  }

  get expires(): Instant {
    return this.#bearer.expires;
  }

  /** The same for every bearer that follows. */
  get clientId(): ClientId {
    return this.#bearer.clientId;
  }

  meet(takings: Takings): void {
    if (this.#over) return;
    this.#metMeanwhile?.push(takings);
    if (this.#isTakenBy(takings)) this.#close(FEED_CLOSE.unauthorized, "the bearer was revoked");
  }

  replaceBy(token: string): void {
    if (this.#metMeanwhile === undefined) void this.#judge(token);
    else this.#waiting = token;
  }

  end(): void {
    this.#over = true;
    this.#cancelExpiry();
  }

  async #judge(token: string): Promise<void> {
    const met: Takings[] = [];
    this.#metMeanwhile = met;
    try {
      const judged = await this.#deps.judge(token);
      if (!this.#over) this.#settle(judged, met);
    } catch (cause) {
      // Nobody knows; the bearer that is there holds until its own end.
      this.#deps.log({ kind: "failed", during: "auth", cause });
    }
    const next = this.#waiting;
    this.#metMeanwhile = undefined;
    this.#waiting = undefined;
    if (next !== undefined && !this.#over) this.replaceBy(next);
  }

  #settle(judged: JudgedBearer, met: readonly Takings[]): void {
    if (judged.kind === "scope_missing") return this.#close(FEED_CLOSE.forbidden, "the bearer lacks the scope");
    if (judged.kind === "refused" || judged.bearer.clientId !== this.#bearer.clientId) {
      return this.#close(FEED_CLOSE.unauthorized, "the bearer was refused");
    }
    const isTakenBy = bearerWatch(this.#deps.issuer, judged.bearer);
    if (met.some(isTakenBy)) return this.#close(FEED_CLOSE.unauthorized, "the bearer was revoked");
    this.#bearer = judged.bearer;
    this.#isTakenBy = isTakenBy;
    this.#watchExpiry();
  }

  /** At the second it names, the bearer is past. */
  #watchExpiry(): void {
    this.#cancelExpiry();
    const { clock, scheduler } = this.#deps;
    const left = Math.max(0, this.#bearer.expires - clock.now());
    this.#cancelExpiry = scheduler.after(Math.min(left, LONGEST_SLEEP_MS), () => {
      if (clock.now() >= this.#bearer.expires) this.#close(FEED_CLOSE.unauthorized, "the bearer has ended");
      else this.#watchExpiry();
    });
  }
}
