// One node's feed of one tenant: everyone who is connected, what they get, and what is heard of them. Pure over its ports:
// it waits for the store and for the scheduler, never for a socket or a clock.

import {
  type Clock,
  type Dice,
  type Heard,
  type Instant,
  type Issuer,
  type KeyRing,
  type Scheduler,
  type Store,
  startEpoch,
} from "@hallpass/core";
import { encodeBase64url, FEED_CLOSE, isBefore, type Position } from "@hallpass/protocol";
import { createActivityReports } from "./activity-reports.ts";
import { type Audience, createBroadcast } from "./broadcast.ts";
import { type ConnectedVerifier, connectedVerifier } from "./connected-verifier.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import type { FeedLog } from "./feed-event.ts";
import { createFleetRows } from "./fleet-rows.ts";
import { createHeadReader } from "./head-reader.ts";
import { HeardRegistry } from "./heard.ts";
import { createNodeNotes } from "./node-notes.ts";
import type { Channel } from "./outbox.ts";
import { type FeedBearer, judgeFeedBearer } from "./own-bearer.ts";
import { createPullFeed, type Pull, type PullAnswer, type PullBearer, type PullReport } from "./pull.ts";
import { SeenHeads } from "./seen-heads.ts";
import { createSnapshots } from "./snapshots.ts";
import { createWaits } from "./waits.ts";

export interface FeedHubOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly keys: KeyRing;
  /** Also names the tenant. */
  readonly issuer: Issuer;
  readonly nodeName: string;
  /** Gives others their turn. */
  readonly pause: () => Promise<void>;
  /** base64url of random bytes; one for each start of a process. */
  readonly node?: string;
  readonly log?: FeedLog;
}

/** The receiving end of one connection. */
export interface FeedSession {
  /** One message. Text that is no frame closes the connection. */
  receive(text: string): void;
  /** The verifier's side has closed, or the network has. */
  closed(): void;
}

export interface FeedHub {
  /** The bearer was judged before; the hub ends the connection when it ends or is revoked. */
  connect(channel: Channel, bearer: FeedBearer): FeedSession;
  heard(): ReadonlyMap<string, Heard>;
  /** The store's time from which on this node has heard every ping that it answered. */
  readonly listeningSince: Instant;
  /** By when every read showed the position, by the store's time: as early as this node knows, `at` at the latest, when a read has shown it. */
  shownBy(pos: Position, at: Instant): Instant;
  /** Settles when every connected verifier has acknowledged the position, or after `maxMs`. */
  waitApplied(pos: Position, maxMs: number, met?: (heardAs: string) => void): Promise<void>;
  /** Settles when every verifier that is connected to another node has acknowledged the position to that one, or after `maxMs`. */
  waitElsewhere(pos: Position, maxMs: number): Promise<void>;
  /** The same as `waitApplied` for a version of the keys. */
  waitKeys(version: number, maxMs: number): Promise<void>;
  connections(): readonly ConnectedVerifier[];
  /** One request of a verifier that keeps no connection; whose bearer it is was judged before. Rejects with a Fault. */
  pull(pull: Pull, bearer: PullBearer): Promise<PullAnswer>;
  /** What verifiers without a connection have reported lately. */
  pulls(): readonly PullReport[];
  /** The head or the keys may have moved: looks soon, and pushes what is there. */
  headMoved(): void;
  /** Sends everyone elsewhere and lets nobody in any more; settles when nothing is being written. */
  drain(): Promise<void>;
}

export function createFeedHub(options: FeedHubOptions): FeedHub {
  const { store, clock, scheduler, dice, issuer } = options;
  const log: FeedLog = options.log ?? (() => {});
  const everyone = new Set<Connection>();
  const byInstance = new Map<string, { readonly connection: Connection; readonly since: Instant }>();
  const waits = createWaits(scheduler);
  const heard = new HeardRegistry(waits, () => notes.moved());
  const fleet = createFleetRows({ store, dice, tenant: issuer.tenant });
  const activity = createActivityReports(options, {
    dropped: (sessions) => log({ kind: "activity_dropped", sessions }),
    failed: (cause) => log({ kind: "failed", during: "activity", cause }),
  });
  const snapshots = createSnapshots({
    store,
    issuer,
    built: ({ to, parts }) => log({ kind: "snapshot_built", to, parts: parts.length }),
  });
  const notes = createNodeNotes({
    ...options,
    tenant: issuer.tenant,
    node: options.node ?? encodeBase64url(dice.bytes(12)),
    name: options.nodeName,
    heard: () => heard.all,
    sent: () => broadcast.head,
    failed: (cause) => log({ kind: "failed", during: "noting", cause }),
  });
  let draining = false;
  let firstRead: Instant | undefined;
  let epochs: Promise<unknown> = Promise.resolve();

  /** One after the other: for all but the first there is nothing left to do. */
  async function epochAbove(above: Position, by: "cursor" | "head"): Promise<void> {
    const cause = by === "cursor" ? "cursor_ahead" : "store_regressed";
    const start = (): Promise<unknown> => startEpoch({ store, dice, issuer }, above, cause);
    epochs = epochs.then(start, start);
    await epochs;
    heard.forgetApplied();
    log({ kind: "history_lost", above, by });
  }

  function closeAll(code: number, reason: string): void {
    for (const connection of everyone) connection.close(code, reason);
  }

  const audience: Audience = {
    isEmpty: () => everyone.size === 0,
    interval: (interval) => {
      for (const connection of everyone) connection.push(interval);
      log({ kind: "published", to: interval.to, notices: interval.count, connections: everyone.size });
    },
    keys: (keys) => {
      for (const connection of everyone) connection.pushKeys(keys);
    },
    historyLost: async ({ pos }) => {
      await epochAbove(pos, "head");
      snapshots.forget();
      pulls.forget();
      closeAll(FEED_CLOSE.drain, "history was lost: come back for a snapshot");
    },
  };
  const seen = new SeenHeads();
  const broadcast = createBroadcast(options, audience);
  const reader = createHeadReader(
    async () => {
      const round = await broadcast.round();
      firstRead ??= round.time;
      seen.note(round.head.pos, round.lookedBy);
      return round;
    },
    (cause) => log({ kind: "failed", during: "answering", cause }),
  );

  const deps: ConnectionDeps = {
    ...options,
    judge: (token) => judgeFeedBearer(options, token),
    reader,
    latestKeys: () => broadcast.latestKeys,
    snapshots,
    fleet,
    heard,
    notes,
    activity,
    entered: (connection, instance) => {
      const earlier = byInstance.get(instance);
      byInstance.set(instance, { connection, since: clock.now() });
      earlier?.connection.close(FEED_CLOSE.replaced, "the same instance connected again");
    },
    gone: (connection, connected) => {
      everyone.delete(connection);
      if (connected === null) return;
      const { hello } = connected;
      if (byInstance.get(hello.instance)?.connection !== connection) return;
      byInstance.delete(hello.instance);
      heard.disconnected(connected.heardAs, hello.max_staleness_ms, clock.now());
      notes.disconnected(hello.instance);
    },
    historyLost: (above) => epochAbove(above, "cursor"),
    log,
  };

  const pulls = createPullFeed(deps);

  function headMoved(): void {
    if (!draining && everyone.size > 0) void reader.next();
  }
  const unsubscribe = store.onHeadMoved(headMoved);

  return {
    connect: (channel, bearer) => {
      if (draining) {
        channel.close(FEED_CLOSE.drain, "the server drains");
        return { receive: () => {}, closed: () => {} };
      }
      const connection = new Connection(deps, channel, bearer);
      everyone.add(connection);
      return { receive: (text) => connection.receive(text), closed: () => connection.closed() };
    },
    heard: () => heard.all,
    get listeningSince() {
      // Before the first read nothing was answered yet.
      return firstRead ?? clock.now();
    },
    shownBy: (pos, at) => seen.by(pos, at),
    waitApplied: (pos, maxMs, met) => {
      headMoved();
      return waits.until(heard.all, ({ applied }) => applied !== null && !isBefore(applied, pos), maxMs, met);
    },
    waitElsewhere: (pos, maxMs) => notes.waitElsewhere(pos, maxMs),
    waitKeys: (version, maxMs) => {
      headMoved();
      return waits.until(heard.all, ({ keys }) => keys >= version, maxMs);
    },
    connections: () =>
      [...byInstance.values()].flatMap(({ connection, since }) => {
        const { connected } = connection;
        if (connected === undefined) return [];
        return [connectedVerifier(connected, since, heard.all.get(connected.heardAs), broadcast.head)];
      }),
    pull: (pull, bearer) => pulls.answer(pull, bearer),
    pulls: () => pulls.reports(),
    headMoved,
    drain: async () => {
      draining = true;
      unsubscribe();
      closeAll(FEED_CLOSE.drain, "the server drains");
      waits.endAll();
      await Promise.all([activity.settled(), fleet.settled(), notes.stop()]);
    },
  };
}
