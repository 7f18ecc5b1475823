// The verifier: a request in, a verdict out. Whatever may wait comes first; then one synchronous step reads the
// clocks and decides, in the order of spec/access-token.md (LEASE-8).

import { newReadLists, TextTable } from "@hallpass/protocol";
import { Activity, NOTE_EVERY_MS } from "./activity.ts";
import { Ended, type EndReason } from "./ended.ts";
import { FeedClient } from "./feed-client.ts";
import { type FeedDeps, randomName } from "./feed-connection.ts";
import { readIntrospection } from "./introspection.ts";
import { judgeClaims, judgeSaid, judgeView, saysTooLittle } from "./judge.ts";
import { type Change, Knowledge } from "./knowledge.ts";
import { ageOf, leftOf, type Reading } from "./lease.ts";
import { Memory, type Remembered } from "./memory.ts";
import { type Counters, count, type Gauges, type Metrics, metricsOf, newCounters, reportOf } from "./metrics.ts";
import { keysCertainMs, type Settings, type SettingsOptions, settingsFrom } from "./options.ts";
import type { Awaitable, Ports } from "./ports.ts";
import { PullClient } from "./pull-client.ts";
import { type Credentials, credentialsOf, findToken } from "./request.ts";
import { judgeRequirements, type Requirements } from "./requirements.ts";
import { looksLikeSessionToken, SessionTokens } from "./session-tokens.ts";
import type { Readiness, Verifier } from "./surface.ts";
import { type ReaderDeps, readToken } from "./token-reader.ts";
import { traced } from "./traced.ts";
import {
  type Accepted,
  accepted,
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
  readonly #knowledge: Knowledge;
  readonly #memory: Memory;
  readonly #reader: ReaderDeps;
  readonly #sessions: SessionTokens;
  readonly #ended: Ended;
  readonly #activity: Activity;
  readonly #feed: FeedClient | PullClient;
  /** The same client where the feed is pulled; undefined where it is pushed. */
  readonly #pulled: PullClient | undefined;
  #serverAhead = 0;
  #everFresh = false;
  #closed = false;
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
      now: () => this.#now(),
      capacity: settings.rememberedTokens,
    });
    this.#ended = new Ended({
      scheduler: ports.scheduler,
      now: () => ports.clock.now(),
      freshFor: () =>
        settings.onStale === "accept" ? Number.POSITIVE_INFINITY : leftOf(this.#age(), settings.maxStalenessMs),
      judge: ({ keys, key }) => this.#endOf(keys, key),
    });
    let name = settings.instance;
    const feed: FeedDeps = {
      ports,
      settings,
      knowledge: this.#knowledge,
      counters: this.#counters,
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
  }

  async verify(input: Request | string, required: Requirements = {}): Promise<Verdict> {
    return typeof input === "string"
      ? this.#verify(input, required)
      : this.verifyCredentials(credentialsOf(input), required);
  }

  async verifyCredentials(credentials: Credentials, required: Requirements = {}): Promise<Verdict> {
    const found = findToken(credentials, this.#settings.cookie);
    return found.kind === "token" ? this.#verify(found.token, required) : this.#tally(rejected(found.code));
  }

  judge(token: string, required: Requirements = {}): Verdict | undefined {
    if (looksLikeSessionToken(token)) {
      const verdict = this.#knownSession(token, required);
      if (verdict !== undefined && this.#pulled !== undefined && this.#wantsPull(this.#pulled, verdict))
        return undefined;
      if (verdict === undefined) void this.#sessions.ask(token);
      return verdict === undefined ? undefined : this.#tally(verdict);
    }
    const read = this.#read(token);
    if (read instanceof Promise) {
      // It goes on and fills the memory; a fault in it shows when somebody waits for it.
      void read.catch(() => undefined);
      return undefined;
    }
    const verdict = this.#decide(read, required, undefined);
    if (this.#pulled !== undefined && this.#wantsPull(this.#pulled, verdict)) return undefined;
    return this.#worthAsking(read, verdict) ? undefined : this.#tally(verdict);
  }

  ready(): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("the verifier is closed"));
    if (this.#age() < this.#settings.maxStalenessMs) return Promise.resolve();
    if (this.#pulled !== undefined) return this.#pulled.ready();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  readiness(): Readiness {
    const viewAgeMs = this.#age();
    return {
      ready: viewAgeMs < this.#settings.maxStalenessMs,
      viewAgeMs,
      connected: this.#feed.connected,
      view: this.#knowledge.view.state,
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
      viewAgeMs: this.#age(),
      clockSkewMs: this.#serverAhead,
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#activity.close();
    this.#closed = true;
    this.#feed.close();
    this.#knowledge.lease.end();
    this.#ended.endAll("closed");
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("the verifier is closed"));
  }

  /** One in 64 is timed: the others pay a count for it. */
  #verify(token: string, required: Requirements): Promise<Verdict> {
    this.#verified += 1;
    return this.#verified % TIMED_EVERY === 1 ? this.#timed(token, required) : this.#judged(token, required);
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
    let verdict = this.#decide(read, required, undefined);
    if (this.#pulled !== undefined && this.#wantsPull(this.#pulled, verdict)) {
      await this.#pulled.renew(required.maxAgeMs);
      read = await this.#read(token);
      verdict = this.#decide(read, required, undefined);
    }
    if (!this.#worthAsking(read, verdict)) return this.#tally(verdict);
    return this.#tally(await this.#ask(token, read, required));
  }

  async #verifySession(token: string, required: Requirements): Promise<Verdict> {
    let known = this.#knownSession(token, required);
    if (this.#pulled !== undefined && known !== undefined && this.#wantsPull(this.#pulled, known)) {
      await this.#pulled.renew(required.maxAgeMs);
      known = this.#knownSession(token, required);
    }
    if (known !== undefined) return known;
    for (let tries = 0; tries < MOST_QUESTIONS_IN_A_ROW; tries += 1) {
      const answer = await this.#sessions.ask(token);
      if (answer.kind === "inactive") return rejected("inactive");
      if (answer.kind === "failed") break;
      const verdict = this.#decide(answer.read, required, answer.asked);
      if (!saysTooLittle(verdict)) return verdict;
    }
    return unavailable("introspection_failed");
  }

  /** The verdict about a session token if no question is needed for it, or would be allowed. */
  #knownSession(token: string, required: Requirements): Verdict | undefined {
    const found = this.#sessions.find(token, this.#now());
    if (found === "malformed") return rejected("malformed_token");
    if (found === "inactive") return rejected("inactive");
    const { onStale, maxStalenessMs } = this.#settings;
    if (found === undefined) {
      // Where nothing is known of the issuer's view there is nothing to remember an answer against.
      const mayAsk = this.#knowledge.known !== undefined && !this.#closed;
      return mayAsk && (onStale !== "unavailable" || this.#age() < maxStalenessMs) ? undefined : this.#cannotKnow();
    }
    this.#counters.answersRemembered += 1;
    const verdict = this.#decide(found, required, undefined);
    return this.#worthAsking(found, verdict) || saysTooLittle(verdict) ? undefined : verdict;
  }

  /** Where knowledge is missing, and where half of its time is over: a pull is then due that may fail without harm. */
  #wantsPull(pulled: PullClient, verdict: Verdict): boolean {
    if (this.#closed || verdict.kind === "rejected") return false;
    return verdict.kind === "unavailable" || pulled.isDue(verdict.viewAgeMs);
  }

  #read(token: string): Awaitable<Remembered | RejectionCode> {
    return readToken(this.#reader, token);
  }

  /** The decision instant: both clocks are read here, and nothing waits afterwards. `asked` is when the issuer was. */
  #decide(read: Remembered | RejectionCode, required: Requirements, asked: Reading | undefined): Verdict {
    const { clock } = this.#ports;
    const { maxStalenessMs, onStale, issuer, audience } = this.#settings;
    const knowledge = this.#knowledge;
    const wall = clock.now();
    const mono = clock.monotonic();
    const viewAge = knowledge.lease.age(wall, mono);
    const untrusted = typeof read === "string" ? read : this.#trusts(read.key) ? undefined : "unknown_key";
    if (typeof read === "string" || untrusted !== undefined) {
      // A key that a view doesn't know may be one that was published since, unless the issuer has just confirmed the view (AT-V3).
      const certain = read === "unknown_key" ? keysCertainMs(this.#settings) : maxStalenessMs;
      if (untrusted === "unknown_key" && !(viewAge < certain)) return this.#cannotKnow();
      return rejected(untrusted ?? "unknown_key");
    }
    const { claims, keys } = read;
    const skewSeconds = knowledge.skewSeconds;
    const expected = { issuer, audience, skewSeconds, maxLifetimeSeconds: knowledge.maxLifetimeSeconds };
    const { said } = read;
    const saidFor = said === undefined ? 0 : said.forMs - ageOf(said.asked, wall, mono);
    const wrong = said === undefined ? judgeClaims(claims, expected, wall) : judgeSaid(claims, expected);
    if (wrong !== undefined) return rejected(wrong);
    if (said !== undefined && saidFor <= 0) return rejected("expired");
    const known = knowledge.known;
    if (known === undefined) return this.#cannotKnow();
    const taken = judgeView(claims.exp, keys, known, skewSeconds);
    if (taken !== undefined) return rejected(taken);

    const age = asked === undefined ? viewAge : Math.min(viewAge, ageOf(asked, wall, mono));
    const limit = required.maxAgeMs === undefined ? maxStalenessMs : Math.min(required.maxAgeMs, maxStalenessMs);
    const fresh = age < limit && !this.#closed;
    // A route that names an age means it, whatever the policy says.
    const stale = !fresh && onStale === "accept" && required.maxAgeMs === undefined && this.#everFresh && !this.#closed;
    if (!fresh && !stale) return this.#cannotKnow();
    if (read.unfit === true) return rejected("claims_refused");
    const unmet = judgeRequirements(claims, required, wall, skewSeconds);
    if (unmet !== undefined) return unmet;

    read.acceptedAt = wall;
    if (claims.sid !== undefined && Math.abs(wall - read.notedAt) >= NOTE_EVERY_MS) {
      read.notedAt = wall;
      this.#activity.note(claims.sid, wall + this.#serverAhead);
    }
    const expires = said === undefined ? (claims.exp + skewSeconds) * 1000 : wall + Math.floor(saidFor);
    return accepted(read, age, fresh ? Math.min(expires, wall + leftOf(age, limit)) : expires, stale);
  }

  #cannotKnow(): Verdict {
    return unavailable(this.#closed ? "closed" : this.#everFresh ? "view_too_old" : "no_view");
  }

  // Only about tokens whose signature fits and that nothing known takes away.
  #worthAsking(read: Remembered | RejectionCode, verdict: Verdict): read is Remembered {
    return (
      this.#settings.onStale === "introspect" &&
      typeof read !== "string" &&
      this.#trusts(read.key) &&
      verdict.kind === "unavailable" &&
      verdict.code === "view_too_old"
    );
  }

  async #ask(token: string, read: Remembered, required: Requirements): Promise<Verdict> {
    const ports = this.#ports;
    // What the issuer says was true no earlier than the question was sent.
    const asked = this.#now();
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
    return answer === "active" ? this.#decide(read, required, asked) : unavailable("introspection_failed");
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
    this.#serverAhead = serverAhead;
    this.#everFresh = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #onChange(change: Change): void {
    switch (change.kind) {
      case "notices":
        for (const memory of [this.#memory, this.#sessions.memory]) {
          this.#counters.lateAccepts += memory.countLate(change.notices, this.#serverAhead);
        }
        return this.#ended.onNotices(change.notices);
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

  #endOf(keys: Remembered["keys"], key: Remembered["key"]): EndReason | undefined {
    if (!this.#trusts(key)) return "key_removed";
    const { known } = this.#knowledge;
    if (known === undefined) return "stale";
    return keys.epoch < known.epoch || known.table.taken(keys) !== undefined ? "revoked" : undefined;
  }

  /** A session token has no key: who said what it says was the issuer itself. */
  #trusts(key: Remembered["key"]): boolean {
    return key === undefined || this.#knowledge.keys.trusts(key);
  }

  #now(): Reading {
    return { wall: this.#ports.clock.now(), mono: this.#ports.clock.monotonic() };
  }

  #age(): number {
    return this.#knowledge.lease.age(this.#ports.clock.now(), this.#ports.clock.monotonic());
  }
}

const TIMED_EVERY = 64;

/** A change may come between question and answer; more than a few in a row is no change but a fault. */
const MOST_QUESTIONS_IN_A_ROW = 3;
