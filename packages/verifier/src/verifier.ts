// The verifier: a request in, a verdict out. Whatever may wait comes first; then one synchronous step reads the
// clocks and decides, in the order of spec/access-token.md (LEASE-8).

import { newReadLists, TextTable } from "@hallpass/protocol";
import { Activity } from "./activity.ts";
import { Decision } from "./decision.ts";
import { Ended, type EndReason } from "./ended.ts";
import { FeedClient } from "./feed-client.ts";
import { type FeedDeps, randomName } from "./feed-connection.ts";
import { readIntrospection } from "./introspection.ts";
import { saysTooLittle } from "./judge.ts";
import { type Change, Knowledge } from "./knowledge.ts";
import { leftOf } from "./lease.ts";
import { Memory, type Remembered } from "./memory.ts";
import { type Counters, count, type Gauges, type Metrics, metricsOf, newCounters, reportOf } from "./metrics.ts";
import { type Settings, type SettingsOptions, settingsFrom } from "./options.ts";
import type { Awaitable, Ports } from "./ports.ts";
import { PullClient } from "./pull-client.ts";
import { type Credentials, credentialsOf, findToken, soleBearer } from "./request.ts";
import type { Requirements } from "./requirements.ts";
import { looksLikeSessionToken, SessionTokens } from "./session-tokens.ts";
import type { Readiness, Verifier } from "./surface.ts";
import { type ReaderDeps, readToken } from "./token-reader.ts";
import { traced } from "./traced.ts";
import type { Trouble } from "./trouble.ts";
import {
  type Accepted,
  judged,
  type RejectionCode,
  rejected,
  unavailable,
  type Verdict,
  withMetadata,
} from "./verdict.ts";

export type { Readiness, Verifier } from "./surface.ts";

/** A verifier on ports of the caller's: for simulations. Throws OptionsError. */
export function createVerifierOn(ports: Ports, options: SettingsOptions): Verifier {
  return traced(new LocalVerifier(ports, settingsFrom(options)), options.tracer, ports.crypto);
}

class LocalVerifier implements Verifier {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #counters: Counters = newCounters();
  readonly #trouble: Trouble = { words: null };
  readonly #knowledge: Knowledge;
  readonly #memory: Memory;
  readonly #reader: ReaderDeps;
  readonly #sessions: SessionTokens;
  readonly #ended: Ended;
  readonly #activity: Activity;
  readonly #decision: Decision;
  readonly #feed: FeedClient | PullClient;
  /** The same client where the feed is pulled; undefined where it is pushed. */
  readonly #pulled: PullClient | undefined;
  #verified = 0;
  #waiting: { readonly resolve: () => void; readonly reject: (cause: Error) => void }[] = [];

  constructor(ports: Ports, settings: Settings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#knowledge = new Knowledge((change) => this.#onChange(change));
    this.#memory = new Memory(settings.rememberedTokens);
    this.#reader = {
      crypto: ports.crypto,
      knowledge: this.#knowledge,
      memory: this.#memory,
      counters: this.#counters,
      schema: settings.claims,
      headers: new TextTable(),
      lists: newReadLists(),
    };
    this.#sessions = new SessionTokens({
      reader: this.#reader,
      ports,
      now: () => this.#decision.now(),
      capacity: settings.rememberedTokens,
    });
    this.#ended = new Ended({
      scheduler: ports.scheduler,
      now: () => ports.clock.now(),
      freshFor: () =>
        settings.onStale === "accept"
          ? Number.POSITIVE_INFINITY
          : leftOf(this.#decision.age(), settings.maxStalenessMs),
      judge: ({ keys, key }) => this.#decision.endOf(keys, key),
      failed: () => void (this.#counters.endedFailures += 1),
    });
    let name = settings.instance;
    const feed: FeedDeps = {
      ports,
      settings,
      knowledge: this.#knowledge,
      counters: this.#counters,
      trouble: this.#trouble,
      // Drawn when it is first needed: some runtimes have no randomness before the first request.
      instance: () => (name ??= randomName(ports)),
      stats: () => reportOf(this.#counters, this.#gauges()),
      onLease: (serverAhead) => this.#onLease(serverAhead),
    };
    if (settings.feed === "pull") {
      this.#activity = new Activity(undefined, () => false);
      this.#feed = this.#pulled = new PullClient({ ...feed, activity: this.#activity });
    } else {
      const pushed = new FeedClient(feed);
      this.#activity = new Activity(ports.scheduler, (pairs) => pushed.sendActivity(pairs));
      this.#feed = pushed;
    }
    this.#decision = new Decision({
      clock: ports.clock,
      settings,
      knowledge: this.#knowledge,
      activity: this.#activity,
    });
  }

  async verify(input: Request | string, required: Requirements = {}): Promise<Verdict> {
    return typeof input === "string"
      ? this.#verify(input, required)
      : this.verifyCredentials(credentialsOf(input), required);
  }

  async verifyCredentials(credentials: Credentials, required: Requirements = {}): Promise<Verdict> {
    const text = soleBearer(credentials);
    // What is remembered was well formed when it was first shown: its characters are not judged again.
    const read = text === undefined ? undefined : this.#memory.find(text);
    if (text !== undefined && read !== undefined) return this.#verify(text, required, read);
    const found = findToken(credentials, this.#settings.cookie);
    return found.kind === "token" ? this.#verify(found.token, required) : this.#tally(rejected(found.code));
  }

  judge(token: string, required: Requirements = {}): Verdict | undefined {
    if (looksLikeSessionToken(token)) {
      const known = this.#knownSession(token, required);
      if (known === undefined) void this.#sessions.ask(token);
      if (known === undefined) return undefined;
      if (this.#pulled !== undefined && this.#wantsPull(this.#pulled, known.verdict)) return undefined;
      return this.#tally(this.#unasked(known));
    }
    const read = this.#read(token);
    if (read instanceof Promise) {
      // It goes on and fills the memory; a fault in it shows when somebody waits for it.
      void read.catch(() => undefined);
      return undefined;
    }
    const verdict = this.#decision.decide(read, required, undefined);
    if (this.#pulled !== undefined && this.#wantsPull(this.#pulled, verdict)) return undefined;
    return this.#decision.worthAsking(read, verdict) ? undefined : this.#tally(verdict);
  }

  ready(withinMs?: number): Promise<void> {
    if (this.#decision.closed) return Promise.reject(new Error("the verifier is closed"));
    if (this.#decision.age() < this.#settings.maxStalenessMs) return Promise.resolve();
    if (this.#pulled !== undefined) return this.#pulled.ready();
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    if (withinMs === undefined) return waiting.promise;
    const giveUp = (): void => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      waiting.reject(new Error(`no view within ${withinMs} ms: ${this.#trouble.words ?? "no answer has come yet"}`));
    };
    const cancel = this.#ports.scheduler.after(withinMs, giveUp, "awaited");
    return waiting.promise.finally(cancel);
  }

  readiness(): Readiness {
    const viewAgeMs = this.#decision.age();
    return {
      ready: viewAgeMs < this.#settings.maxStalenessMs,
      viewAgeMs,
      connected: this.#feed.connected,
      view: this.#knowledge.view.state,
      problem: this.#trouble.words,
    };
  }

  onEnded(verdict: Accepted, callback: (reason: EndReason) => void): () => void {
    const { keys, key, claims, said } = verdict[judged];
    // Of a session token no clock is compared with the issuer's (ST-V3): its answer ends when this process has counted it down.
    const expiresAt = said === undefined ? claims.exp * 1000 : said.asked.wall + leftOf(0, said.forMs);
    return this.#ended.watch({ keys, key, expiresAt, callback });
  }

  metrics(): Metrics {
    return metricsOf(this.#counters, this.#gauges());
  }

  #gauges(): Gauges {
    return {
      trackedNotices: this.#knowledge.tracked,
      tableBytes: this.#knowledge.tableBytes,
      rememberedTokens: this.#memory.size + this.#sessions.memory.size,
      viewAgeMs: this.#decision.age(),
      clockSkewMs: this.#decision.serverAhead,
    };
  }

  close(): void {
    if (this.#decision.closed) return;
    this.#activity.close();
    this.#decision.closed = true;
    this.#feed.close();
    this.#knowledge.lease.end();
    this.#ended.endAll("closed");
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("the verifier is closed"));
  }

  /** One in 64 is timed: the others pay a count for it. */
  #verify(token: string, required: Requirements, read = this.#memory.find(token)): Awaitable<Verdict> {
    this.#verified += 1;
    if (this.#verified % TIMED_EVERY === 1) return this.#timed(token, required);
    return (read === undefined ? undefined : this.#atOnce(read, required)) ?? this.#judged(token, required);
  }

  /** About a token that is remembered, where nothing has to be waited for: most requests, which then wait for no further promise. */
  #atOnce(read: Remembered, required: Requirements): Verdict | undefined {
    const verdict = this.#decision.decide(read, required, undefined);
    if (this.#pulled !== undefined && this.#wantsPull(this.#pulled, verdict)) return undefined;
    return this.#decision.worthAsking(read, verdict) ? undefined : this.#tally(verdict);
  }

  async #timed(token: string, required: Requirements): Promise<Verdict> {
    const start = this.#ports.clock.monotonic();
    const verdict = await this.#judged(token, required);
    this.#counters.verifySamples += 1;
    this.#counters.verifyMs += this.#ports.clock.monotonic() - start;
    return verdict;
  }

  async #judged(token: string, required: Requirements): Promise<Verdict> {
    if (looksLikeSessionToken(token)) return this.#tally(await this.#verifySession(token, required));
    const reading = this.#read(token);
    let read = reading instanceof Promise ? await reading : reading;
    let verdict = this.#decision.decide(read, required, undefined);
    if (this.#pulled !== undefined && this.#wantsPull(this.#pulled, verdict)) {
      await this.#pulled.renew(required.maxAgeMs);
      read = await this.#read(token);
      verdict = this.#decision.decide(read, required, undefined);
    }
    if (!this.#decision.worthAsking(read, verdict)) return this.#tally(verdict);
    return this.#tally(await this.#ask(token, read, required));
  }

  async #verifySession(token: string, required: Requirements): Promise<Verdict> {
    let known = this.#knownSession(token, required);
    if (this.#pulled !== undefined && known !== undefined && this.#wantsPull(this.#pulled, known.verdict)) {
      await this.#pulled.renew(required.maxAgeMs);
      known = this.#knownSession(token, required);
    }
    if (known !== undefined) return this.#unasked(known);
    for (let tries = 0; tries < MOST_QUESTIONS_IN_A_ROW; tries += 1) {
      const answer = await this.#sessions.ask(token);
      if (answer.kind === "inactive") return rejected("inactive");
      if (answer.kind === "failed") break;
      const verdict = this.#decision.decide(answer.read, required, answer.asked);
      if (!saysTooLittle(verdict)) return verdict;
    }
    return unavailable("introspection_failed");
  }

  /** The verdict about a session token if no question is needed for it, or would be allowed. */
  #knownSession(token: string, required: Requirements): KnownSession | undefined {
    const found = this.#sessions.find(token, this.#decision.now());
    if (found === "malformed") return { verdict: rejected("malformed_token"), remembered: false };
    if (found === "inactive") return { verdict: rejected("inactive"), remembered: false };
    const { onStale, maxStalenessMs } = this.#settings;
    if (found === undefined) {
      // Where nothing is known of the issuer's view there is nothing to remember an answer against.
      const mayAsk = this.#knowledge.known !== undefined && !this.#decision.closed;
      if (mayAsk && (onStale !== "unavailable" || this.#decision.age() < maxStalenessMs)) return undefined;
      return { verdict: this.#decision.cannotKnow(), remembered: false };
    }
    const verdict = this.#decision.decide(found, required, undefined);
    if (this.#decision.worthAsking(found, verdict) || saysTooLittle(verdict)) return undefined;
    return { verdict, remembered: true };
  }

  /** Counted where it is the answer: what was looked at and then asked about all the same is no question spared. */
  #unasked({ verdict, remembered }: KnownSession): Verdict {
    if (remembered && verdict.kind !== "unavailable") this.#counters.answersRemembered += 1;
    return verdict;
  }

  /** Where knowledge is missing, and where half of its time is over: a pull is then due that may fail without harm. */
  #wantsPull(pulled: PullClient, verdict: Verdict): boolean {
    if (this.#decision.closed || verdict.kind === "rejected") return false;
    return verdict.kind === "unavailable" || pulled.isDue(verdict.viewAgeMs);
  }

  #read(token: string): Awaitable<Remembered | RejectionCode> {
    return readToken(this.#reader, token);
  }

  async #ask(token: string, read: Remembered, required: Requirements): Promise<Verdict> {
    const ports = this.#ports;
    // What the issuer says was true no earlier than the question was sent.
    const asked = this.#decision.now();
    this.#counters.introspections += 1;
    let body: string;
    try {
      if (ports.introspect === undefined) return unavailable("introspection_failed");
      body = await ports.introspect(token);
    } catch {
      return unavailable("introspection_failed");
    }
    const answer = readIntrospection(body, read.claims);
    if (answer === "inactive") return rejected("inactive");
    return answer === "active" ? this.#decision.decide(read, required, asked) : unavailable("introspection_failed");
  }

  #tally(verdict: Verdict): Verdict {
    const counters = this.#counters;
    if (verdict.kind === "accepted") {
      counters.accepted += 1;
      if (verdict.stale) counters.acceptedStale += 1;
    } else if (verdict.kind === "rejected") {
      count(counters.rejected, verdict.code);
      const { resourceMetadata } = this.#settings;
      return resourceMetadata === undefined ? verdict : withMetadata(verdict, resourceMetadata);
    } else count(counters.unavailable, verdict.code);
    return verdict;
  }

  #onLease(serverAhead: number): void {
    this.#decision.serverAhead = serverAhead;
    this.#decision.everFresh = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #onChange(change: Change): void {
    switch (change.kind) {
      case "notices": {
        const memories = [this.#memory, this.#sessions.memory].filter(({ size }) => size > 0);
        if (memories.length === 0 && this.#ended.size === 0) return;
        const notices = change.notices();
        for (const memory of memories) {
          this.#counters.lateAccepts += memory.countLate(notices, this.#decision.serverAhead);
        }
        return this.#ended.onNotices(notices);
      }
      case "salt":
        this.#memory.clear();
        this.#sessions.forget();
        return this.#ended.endAll("stale");
      case "replaced":
        this.#sessions.forget();
        return this.#ended.judgeAll();
      case "keys":
        return this.#ended.judgeAll();
    }
  }
}

interface KnownSession {
  readonly verdict: Verdict;
  /** Whether it rests on what the issuer once said. */
  readonly remembered: boolean;
}

const TIMED_EVERY = 64;

/** A change may come between question and answer; more than a few in a row is no change but a fault. */
const MOST_QUESTIONS_IN_A_ROW = 3;
