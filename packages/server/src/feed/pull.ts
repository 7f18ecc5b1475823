// The feed for verifiers that keep no connection: one request, everything that it lacks, and a head that is bound to it
// (spec/feed.md, Pull). What is sent is what a connection would be sent; nothing of it is waited for.

import {
  afterMs,
  type ClientId,
  type Clock,
  type FleetMember,
  type FleetName,
  heardAs,
  type Instant,
  type Issuer,
  isPast,
  PULLING,
  type Store,
} from "@hallpass/core";
import {
  FEED_VERSION,
  type Hello,
  isBefore,
  type Ping,
  type Position,
  parseVerifierFrame,
  type VerifierStats,
} from "@hallpass/protocol";
import type { ActivityReports } from "./activity-reports.ts";
import type { Round } from "./broadcast.ts";
import { sendAfter } from "./catch-up.ts";
import { cursorStanding } from "./cursor-standing.ts";
import type { FeedLog } from "./feed-event.ts";
import type { FleetRows } from "./fleet-rows.ts";
import { headText, welcomeText } from "./frame-texts.ts";
import type { HeadReader } from "./head-reader.ts";
import type { HeardRegistry } from "./heard.ts";
import { BEFORE_ALL } from "./notice-pages.ts";
import type { FeedBearer } from "./own-bearer.ts";
import type { Snapshot, Snapshots } from "./snapshots.ts";

/** What a request says, read: PULL-1. */
export interface Pull {
  readonly hello: Hello;
  readonly activity: readonly (readonly [sid: string, atMs: number])[];
  readonly ping: Ping;
}

/** The frames of an answer, in their order. The snapshot is shared by all who get it. */
export interface PullAnswer {
  readonly before: readonly string[];
  readonly snapshot: Snapshot | undefined;
  readonly after: readonly string[];
}

export interface PullFeed {
  /** Rejects with a Fault when the store can't tell: who gets no answer has no lease. */
  answer(pull: Pull, bearer: PullBearer): Promise<PullAnswer>;
  /** For history that was lost: rows that were written may be lost as well. */
  forget(): void;
  /** What those that pulled lately have reported. */
  reports(): readonly PullReport[];
}

export interface PullReport {
  readonly instance: string;
  readonly heardAs: string;
  readonly service: string;
  readonly region: string | null;
  readonly stats: VerifierStats;
}

export interface PullDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly issuer: Issuer;
  readonly nodeName: string;
  readonly reader: HeadReader<Round>;
  readonly snapshots: Snapshots;
  readonly fleet: FleetRows;
  readonly heard: HeardRegistry;
  readonly activity: ActivityReports;
  readonly historyLost: (above: Position) => Promise<void>;
  readonly log: FeedLog;
}

/** Whose bearer it is that the pull came with, and when that ends. */
export type PullBearer = Pick<FeedBearer, "clientId" | "expires">;

interface Member {
  readonly client: ClientId;
  readonly service: string;
  readonly region: string | null;
  /** What its hello said, without the cursor. */
  readonly said: string;
  readonly row: Promise<FleetMember>;
  readonly renewAt: number;
  readonly forgetAt: Instant;
  readonly stats: VerifierStats;
}

const MOST_MEMBERS = 20_000;

/** Undefined for a text that is no pull of this version. */
export function parsePull(text: string): Pull | undefined {
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  if (lines.length > 3) return undefined;
  const [hello, ...rest] = lines.map(parseVerifierFrame);
  const ping = rest.pop();
  const activity = rest.pop();
  if (hello?.type !== "hello" || hello.feed !== FEED_VERSION || ping?.type !== "ping") return undefined;
  if (activity === undefined) return lines.length === 2 ? { hello, activity: [], ping } : undefined;
  return activity.type === "activity" ? { hello, activity: activity.sessions, ping } : undefined;
}

export function createPullFeed(deps: PullDeps): PullFeed {
  const { store, clock, issuer, reader, fleet, heard } = deps;
  /** By the name under which each stands in the fleet. */
  const members = new Map<string, Member>();

  /** CONN-8. Asked for where it is not known from before. */
  async function named(pull: Pull, { clientId }: PullBearer): Promise<{ pull: Pull; read?: FleetName["read"] }> {
    const { hello } = pull;
    if (members.get(hello.instance)?.client === clientId) return { pull };
    const { instance, read } = await fleet.nameOf(hello.instance, clientId);
    return { pull: { ...pull, hello: { ...hello, instance } }, read };
  }

  /** PULL-4. Settles when the row is written that says what this hello says. */
  async function joined(
    { hello, ping: { stats, keys } }: Pull,
    client: ClientId,
    read?: FleetName["read"],
  ): Promise<void> {
    const said = JSON.stringify({ ...hello, after: null });
    const now = clock.monotonic();
    const before = members.get(hello.instance);
    const stands = before?.client === client && before.said === said && now < before.renewAt;
    const member: Member = {
      client,
      service: hello.service,
      region: hello.region,
      said,
      row: stands ? before.row : fleet.join(hello, client, { read, times: PULLING, keys }),
      renewAt: stands ? before.renewAt : now + PULLING.renewEvery,
      forgetAt: afterMs(clock.now(), hello.max_staleness_ms + PULLING.kept),
      stats,
    };
    members.delete(hello.instance);
    members.set(hello.instance, member);
    forgetOld();
    try {
      await member.row;
    } catch (cause) {
      if (members.get(hello.instance)?.row === member.row) members.delete(hello.instance);
      throw cause;
    }
    if (!stands) deps.log({ kind: "pulled", instance: hello.instance, service: hello.service });
  }

  function forgetOld(): void {
    const now = clock.now();
    for (const [instance, { forgetAt }] of members) {
      if (members.size <= MOST_MEMBERS && !isPast(forgetAt, now)) return;
      members.delete(instance);
    }
  }

  /** What is true of the cursor now. After lost history the row is written again: it may have been lost as well. */
  async function standingOf(pull: Pull, client: ClientId): Promise<{ round: Round; covered: Position | undefined }> {
    const { hello } = pull;
    const round = await reader.next();
    const standing = await cursorStanding({ store, tenant: issuer.tenant }, hello.after, round.head, round.open.mac);
    if (standing.kind !== "lost") return { round, covered: standing.kind === "covered" ? standing.pos : undefined };
    await deps.historyLost(standing.pos);
    members.clear();
    await joined(pull, client);
    return { round: await reader.next(), covered: undefined };
  }

  async function framesFor(
    round: Round,
    covered: Position | undefined,
    expires: Instant,
  ): Promise<Omit<PullAnswer, "after">> {
    const before = [welcomeText(issuer, deps.nodeName, expires, covered !== undefined), round.keys.text];
    if (covered === undefined) return { before, snapshot: await deps.snapshots.at(round.head, round.open.mac) };
    const outbox = { send: (text: string) => void before.push(text), room: async () => undefined, isClosed: false };
    await sendAfter(deps, { outbox, meet: () => undefined }, covered, round);
    return { before, snapshot: undefined };
  }

  return {
    answer: async (said, bearer) => {
      const { pull, read } = await named(said, bearer);
      const { hello, activity, ping } = pull;
      const name = heardAs({ instance: hello.instance, client: bearer.clientId });
      // PULL-9: from before the row stands until what this head allows is known.
      const over = heard.answering(name);
      try {
        await joined(pull, bearer.clientId, read);
        if (activity.length > 0) deps.activity.note(activity);
        const { round, covered } = await standingOf(pull, bearer.clientId);
        const frames = await framesFor(round, covered, bearer.expires);
        const { head, keys, time } = round;
        // Only a cursor of ours proves what was applied.
        const proven = covered !== undefined && !isBefore(covered, ping.applied);
        const late = proven ? ping.stats.late_accepts : undefined;
        heard.acknowledged(name, proven ? ping.applied : BEFORE_ALL, ping.keys, late);
        heard.pulled(name, time, hello.max_staleness_ms);
        return { ...frames, after: [headText(ping.n, head.pos, keys.version, time)] };
      } finally {
        over();
      }
    },
    forget: () => members.clear(),
    reports: () =>
      [...members].map(([instance, { client, service, region, stats }]) => {
        return { instance, heardAs: heardAs({ instance, client }), service, region, stats };
      }),
  };
}
