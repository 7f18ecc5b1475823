// One verifier's connection. Its states, and how it gets from one to the next:
//
// awaiting hello → joining    hello came in time
// joining        → streaming  the row is written, the cursor judged, the snapshot or what follows the cursor sent
// any            → closed     either side closed it
//
// From its first moment it hears every interval: while it joins they queue behind what it is still being sent, so that
// nothing is lost between a snapshot and what follows (F-07).

import {
  type Cancel,
  type Clock,
  type FleetMember,
  heardAs,
  type Issuer,
  type Scheduler,
  type Store,
} from "@hallpass/core";
import {
  FEED_CLOSE,
  FEED_VERSION,
  type Hello,
  isBefore,
  type Ping,
  type Position,
  parseVerifierFrame,
  type VerifierFrame,
  type VerifierStats,
} from "@hallpass/protocol";
import type { ActivityReports } from "./activity-reports.ts";
import { Attendance } from "./attendance.ts";
import { BearerHold } from "./bearer-hold.ts";
import type { Keys, Round } from "./broadcast.ts";
import { type CatchingUp, sendAfter, sendSnapshot } from "./catch-up.ts";
import { cursorStanding } from "./cursor-standing.ts";
import type { FeedLog } from "./feed-event.ts";
import type { FleetRows } from "./fleet-rows.ts";
import { ruleOn } from "./frame-rulings.ts";
import { headText, welcomeText } from "./frame-texts.ts";
import type { HeadReader } from "./head-reader.ts";
import type { HeardRegistry } from "./heard.ts";
import type { Interval } from "./interval.ts";
import type { NodeNotes } from "./node-notes.ts";
import { type Channel, Outbox } from "./outbox.ts";
import type { FeedBearer, JudgedBearer } from "./own-bearer.ts";
import type { Snapshots } from "./snapshots.ts";

/** CONN-2. */
export const HELLO_WITHIN_MS = 5000;
/** Pings of one connection whose head is not read yet; more get no answer. */
const MOST_UNANSWERED = 64;
const NORMAL = 1000;
const GONE_QUIET = 1001;

interface Joining {
  readonly kind: "joining";
  /** With the name under which the verifier stands in the fleet, as soon as it has one. */
  hello: Hello;
  /** With whose it is: under what it is heard. */
  heardAs: string;
  readonly backlog: Interval[];
  backlogBytes: number;
  readonly early: Ping[];
}

interface Streaming {
  readonly kind: "streaming";
  readonly hello: Hello;
  readonly heardAs: string;
  /** Everything up to here was sent. */
  sent: Position;
  keys: Keys;
}

type State = { readonly kind: "awaiting hello" } | Joining | Streaming | { readonly kind: "closed" };

export interface ConnectionDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly issuer: Issuer;
  readonly nodeName: string;
  readonly judge: (token: string) => Promise<JudgedBearer>;
  readonly reader: HeadReader<Round>;
  readonly latestKeys: () => Keys | undefined;
  readonly snapshots: Snapshots;
  readonly pause: () => Promise<void>;
  readonly fleet: FleetRows;
  readonly heard: HeardRegistry;
  readonly notes: NodeNotes;
  readonly activity: ActivityReports;
  /** A connection says hello: an earlier one of the same instance has to go. */
  readonly entered: (connection: Connection, instance: string) => void;
  readonly gone: (connection: Connection, connected: Connected | null) => void;
  /** Settles when a new epoch lies above the position. */
  readonly historyLost: (above: Position) => Promise<void>;
  readonly log: FeedLog;
}

/** What is known of a connection whose hello came. */
export interface Connected {
  readonly hello: Hello;
  /** Under what it is heard (`heardAs`). */
  readonly heardAs: string;
  readonly stats: VerifierStats;
}

export class Connection {
  readonly #deps: ConnectionDeps;
  readonly #outbox: Outbox;
  readonly #bearer: BearerHold;
  readonly #attendance: Attendance;
  #state: State = { kind: "awaiting hello" };
  #stats: VerifierStats = {};
  #unanswered = 0;
  /** The version of the keys that its row says it has acknowledged. */
  #keysNoted = 0;
  /** What its hello wrote. */
  #joined: Promise<FleetMember> | undefined;
  #cancelHello: Cancel = () => {};

  constructor(deps: ConnectionDeps, channel: Channel, bearer: FeedBearer) {
    this.#deps = deps;
    this.#outbox = new Outbox(channel, deps.scheduler, () => this.close(FEED_CLOSE.slow, "too slow a reader"));
    this.#bearer = new BearerHold(deps, bearer, (code, reason) => this.close(code, reason));
    this.#cancelHello = deps.scheduler.after(HELLO_WITHIN_MS, () => this.close(FEED_CLOSE.helloTimeout, "no hello"));
    this.#attendance = new Attendance(deps.scheduler, {
      silent: () => this.close(GONE_QUIET, "nothing heard"),
      renew: () => this.#renew(),
      isRowBehind: () => this.#deps.store.traits.nodes === "many" && this.#keysHeard() !== this.#keysNoted,
    });
  }

  get connected(): Connected | undefined {
    const state = this.#state;
    return "hello" in state ? { hello: state.hello, heardAs: state.heardAs, stats: this.#stats } : undefined;
  }

  receive(text: string): void {
    const frame = parseVerifierFrame(text);
    this.#attendance.heard();
    const ruling = ruleOn(this.#state.kind, frame?.type ?? "malformed");
    if (ruling === "nothing") return;
    if (ruling === "malformed" || frame === undefined) return this.close(FEED_CLOSE.malformed, "malformed frame");
    this.#obey(frame);
  }

  /** The next interval for everyone. One that leads where this connection's view can't follow ends it; a snapshot will do. */
  push(interval: Interval): void {
    const state = this.#state;
    if (state.kind === "joining") {
      state.backlog.push(interval);
      state.backlogBytes += interval.text.length;
      this.#outbox.check(state.backlogBytes);
    }
    if (state.kind === "streaming") this.#deliver(state, interval);
    this.#bearer.meet(interval.takings);
  }

  pushKeys(keys: Keys): void {
    const state = this.#state;
    if (state.kind !== "streaming" || state.keys === keys) return;
    state.keys = keys;
    this.#outbox.send(keys.text);
  }

  close(code: number, reason: string): void {
    this.#end(code, reason);
    this.#outbox.close(code, reason);
  }

  /** The other side is gone. */
  closed(): void {
    this.#outbox.gone();
    this.#end(NORMAL, "closed by the verifier");
  }

  #obey(frame: VerifierFrame): void {
    const state = this.#state;
    switch (frame.type) {
      case "hello":
        return this.#hello(frame);
      case "ping":
        this.#stats = frame.stats;
        if (state.kind === "streaming") return this.#ping(state, frame);
        if (state.kind === "joining" && state.early.length < MOST_UNANSWERED) state.early.push(frame);
        return;
      case "activity":
        return this.#deps.activity.note(frame.sessions);
      case "auth":
        return this.#bearer.replaceBy(frame.token);
      case "bye":
        return this.#bye();
    }
  }

  #hello(hello: Hello): void {
    if (hello.feed !== FEED_VERSION) return this.close(FEED_CLOSE.malformed, "unknown version of the feed");
    this.#cancelHello();
    const joining: Joining = {
      kind: "joining",
      hello,
      heardAs: hello.instance,
      backlog: [],
      backlogBytes: 0,
      early: [],
    };
    this.#state = joining;
    this.#join(joining).catch((cause: unknown) => {
      if (this.#state === joining) this.#fault("joining", cause);
    });
  }

  async #join(joining: Joining): Promise<void> {
    const { store, issuer, reader, fleet, heard, notes } = this.#deps;
    const { clientId } = this.#bearer;
    // CONN-8: before anything is known, or ended, by its name.
    const { instance, read } = await fleet.nameOf(joining.hello.instance, clientId);
    if (this.#state !== joining) return;
    const hello = { ...joining.hello, instance };
    joining.hello = hello;
    joining.heardAs = heardAs({ instance, client: clientId });
    this.#deps.entered(this, instance);
    const at = notes.hello(hello.instance, joining.heardAs, hello.max_staleness_ms);
    // RCP-6: the row is there before any head can be.
    this.#joined = fleet.join(hello, clientId, { at, read });
    await this.#joined;
    notes.joined(hello.instance, at);
    if (this.#state !== joining) return;
    heard.connected(joining.heardAs);
    let round = await reader.next();
    const standing = await cursorStanding({ store, tenant: issuer.tenant }, hello.after, round.head, round.open.mac);
    if (standing.kind === "lost") {
      await this.#deps.historyLost(standing.pos);
      round = await reader.next();
    }
    if (this.#state !== joining) return;
    const resumed = standing.kind === "covered";
    this.#outbox.send(welcomeText(issuer, this.#deps.nodeName, this.#bearer.expires, resumed));
    this.#outbox.send(round.keys.text);
    const way: CatchingUp = { outbox: this.#outbox, meet: (takings) => this.#bearer.meet(takings) };
    const sent = resumed
      ? await sendAfter(this.#deps, way, standing.pos, round)
      : await sendSnapshot(this.#deps, way, round, hello.packed !== undefined);
    if (this.#state === joining) this.#stream(joining, sent, round.keys, resumed);
  }

  #stream(joining: Joining, sent: Position, keys: Keys, resumed: boolean): void {
    const { hello, backlog, early } = joining;
    const streaming: Streaming = { kind: "streaming", hello, heardAs: joining.heardAs, sent, keys };
    this.#state = streaming;
    this.#deps.log({ kind: "joined", instance: hello.instance, service: hello.service, resumed });
    for (const interval of backlog) this.#deliver(streaming, interval);
    this.pushKeys(this.#deps.latestKeys() ?? keys);
    for (const ping of early) this.#ping(streaming, ping);
  }

  #deliver(state: Streaming, interval: Interval): void {
    // What the snapshot or the cursor covers already.
    if (this.#state !== state || !isBefore(state.sent, interval.to)) return;
    if (isBefore(state.sent, interval.after)) return this.#fault("answering", new Error("an interval left a gap"));
    if (!interval.canBeFollowed) return this.close(FEED_CLOSE.drain, "another epoch: come back for a snapshot");
    state.sent = interval.to;
    this.#outbox.send(interval.text);
  }

  #ping(state: Streaming, ping: Ping): void {
    const { heard, reader } = this.#deps;
    // What was not sent can't have been applied.
    if (!isBefore(state.sent, ping.applied)) {
      heard.acknowledged(state.heardAs, ping.applied, ping.keys, ping.stats.late_accepts);
    }
    if (this.#unanswered >= MOST_UNANSWERED) return;
    this.#unanswered += 1;
    const over = heard.answering(state.heardAs);
    reader.next().then(
      (round) => {
        this.#unanswered -= 1;
        if (this.#state === state) this.#answer(state, ping, round);
        over();
      },
      // No head could be read: silence is the honest answer, and the verifier asks again.
      () => {
        this.#unanswered -= 1;
        over();
      },
    );
  }

  #answer(state: Streaming, ping: Ping, { head, keys, time }: Round): void {
    // LEASE-5. The round has handed out everything that its head names; if it has not, there is no head to send.
    if (isBefore(state.sent, head.pos) || state.sent.epoch !== head.pos.epoch || state.keys !== keys) return;
    this.#deps.heard.answered(state.heardAs, time);
    this.#outbox.send(headText(ping.n, head.pos, keys.version, time));
  }

  #bye(): void {
    const { heard, fleet, notes, log } = this.#deps;
    const { connected } = this;
    this.close(NORMAL, "goodbye");
    if (connected === undefined || this.#joined === undefined) return;
    const { instance } = connected.hello;
    heard.left(connected.heardAs);
    notes.left(instance);
    fleet.leave(instance, this.#joined).catch((cause: unknown) => log({ kind: "failed", during: "leaving", cause }));
  }

  #keysHeard(): number {
    return this.#deps.heard.all.get(this.connected?.heardAs ?? "")?.keys ?? 0;
  }

  #renew(): void {
    const { fleet, log } = this.#deps;
    const instance = this.connected?.hello.instance;
    if (instance === undefined || this.#joined === undefined) return;
    const [keys, before] = [this.#keysHeard(), this.#keysNoted];
    this.#keysNoted = keys;
    fleet.renew(instance, this.#joined, keys).then(
      (isOurs) => {
        if (!isOurs)
          this.close(FEED_CLOSE.drain, "another client's verifier has the name: come back for one of its own");
      },
      (cause: unknown) => {
        // The row says what it said: the next look writes it again.
        if (this.#keysNoted === keys) this.#keysNoted = before;
        log({ kind: "failed", during: "renewing", cause });
      },
    );
  }

  #fault(during: "joining" | "answering", cause: unknown): void {
    this.#deps.log({ kind: "failed", during, cause });
    this.close(FEED_CLOSE.fault, "a fault");
  }

  #end(code: number, reason: string): void {
    if (this.#state.kind === "closed") return;
    const connected = this.connected ?? null;
    this.#state = { kind: "closed" };
    this.#cancelHello();
    this.#attendance.end();
    this.#bearer.end();
    this.#deps.gone(this, connected);
    this.#deps.log({ kind: "closed", instance: connected?.hello.instance ?? null, code, reason });
  }
}
