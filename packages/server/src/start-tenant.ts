// One tenant: its store, its services, its feed, its timers. A server has one or more side by side, and they share the process, the clock
// and the port, nothing else: each has a store, an issuer, keys, clients, metrics and a feed of its own, so nothing of one can be found in
// another.

import { EventEmitter } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { listKeys, listReaders, liveSessions, type Store } from "@hallpass/core";
import { encodeBase64url, type Position } from "@hallpass/protocol";
import type { Registry } from "prom-client";
import { type Config, DEFAULT_TENANT } from "./config.ts";
import { listenersOf } from "./endpoints/keys/listeners.ts";
import { createFeedHub, type FeedHub } from "./feed/hub.ts";
import { judgeFeedBearer } from "./feed/own-bearer.ts";
import { attachFeed } from "./feed/web-socket-feed.ts";
import { createHallpass, type Hallpass } from "./hallpass.ts";
import { chooseStore, storeBytes } from "./host/choose-store.ts";
import { tellOfLateClock } from "./host/clock-at-start.ts";
import { every } from "./host/every.ts";
import { makeFirstClients } from "./host/first-clients.ts";
import { type NodeLeadership, takePartInLeading } from "./host/leadership.ts";
import { makeServices, tenantNamed } from "./host/make-services.ts";
import { rememberedRows } from "./host/passed-over.ts";
import type { Ports } from "./host/ports.ts";
import { makePrivateDirectory } from "./host/private-files.ts";
import { startTimers } from "./host/timers.ts";
import type { Limits } from "./limits/limits.ts";
import { createFactBell } from "./observe/fact-bell.ts";
import { feedLog } from "./observe/feed-log.ts";
import { addGrowthMetrics, createForecast, factsIn } from "./observe/growth.ts";
import { addKeyMetrics } from "./observe/key-metrics.ts";
import { createLog, type Log } from "./observe/log.ts";
import { createMetrics } from "./observe/metrics.ts";
import { observe } from "./observe/observe.ts";
import { observedStore } from "./observe/observed-store.ts";
import type { Observer } from "./observe/observer.ts";
import { revocationLag } from "./observe/revocation-lag.ts";
import { storeLog } from "./observe/store-log.ts";
import { storeWrites } from "./observe/store-writes.ts";
import { installedTracing } from "./observe/tracing.ts";
import type { Services } from "./services.ts";

export interface RunningTenant {
  readonly name: string;
  readonly issuer: string;
  /** `operator:hpc_…` if this start made the operator and its secret, read from its file; otherwise null. */
  readonly operatorCredentials: string | null;
  readonly services: Services;
  readonly hallpass: Hallpass;
  readonly hub: FeedHub;
  readonly log: Log;
  readonly observer: Observer;
  /** Its metrics. */
  readonly registry: Registry;
  /** Emits `upgrade` for what a host found to be this tenant's. */
  readonly upgrades: EventEmitter;
  /** Sends verifiers elsewhere. */
  shutDownFeed(): Promise<void>;
  /** Lets go of the rest, when nobody calls any more. */
  close(): Promise<void>;
}

/** Rejects with an Error that a person can act on, or a Fault of the store; then nothing was left open. */
export async function startTenant(
  name: string,
  config: Config,
  ports: Ports,
  isServing: () => boolean,
): Promise<RunningTenant> {
  makePrivateDirectory(config.data);
  const labels = labelsOf(name, ports);
  const log = createLog(config.log_level, ports.logTo, Object.keys(labels).length === 0 ? null : labels);
  const store = ports.wrapStore(await chooseStore(config, ports, name, storeLog(log)));
  try {
    return await start(name, config, ports, isServing, store, log);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What tells its lines and series from others of the same server and machine. */
function labelsOf(name: string, { worker }: Ports): Readonly<Record<string, string>> {
  return { ...(name === DEFAULT_TENANT ? {} : { tenant: name }), ...(worker === null ? {} : { worker }) };
}

async function start(
  name: string,
  config: Config,
  ports: Ports,
  isServing: () => boolean,
  bare: Store,
  log: Log,
): Promise<RunningTenant> {
  const { clock, scheduler } = ports;
  const tracing = installedTracing();
  let hub: FeedHub | undefined;
  let leadership: NodeLeadership | undefined;
  let limits: Limits | undefined;
  const passedOver = rememberedRows(clock);
  const metrics = createMetrics({
    connections: () => hub?.connections().length ?? 0,
    leadership: () => ({ leads: leadership?.leads() ?? false, term: leadership?.term() ?? 0 }),
    reports: () => [...(hub?.connections() ?? []), ...(hub?.pulls() ?? [])],
    liveSessions: () => liveSessions(bare, tenantNamed(name)),
    readers: async () => (await listReaders(bare, tenantNamed(name), 0)).readers,
    churning: () => limits?.churning() ?? 0,
    unreadableRows: passedOver.size,
    walBytes: () => bytesOf(join(config.data, "hallpass.sqlite-wal")),
    about: { issuer: config.issuer, region: config.region ?? "", store: bare.traits.name },
  });
  metrics.registry.setDefaultLabels(labelsOf(name, ports));
  const page = ports.pageOfAll(name, () => metrics.registry.metrics());
  const lag = revocationLag(clock, metrics, tracing);
  const revoked = (pos: Position): void => (hub === undefined ? undefined : lag.revoked(pos, hub));
  const factBell = createFactBell(scheduler);
  const countedOnly = new Set(config.facts_kept_of.flatMap(([kind, kept]) => (kept === 0 ? [kind] : [])));
  const writes = storeWrites(clock);
  const store = observedStore(bare, { clock, log, metrics, revoked, factBell, writes, countedOnly, tracing });
  const observer = observe(log, metrics);
  const around = {
    observer,
    metricsPage: async () => ({ text: await page(), type: metrics.registry.contentType }),
    isServing,
    writeFault: writes.fault,
    factBell,
    ...(tracing === undefined ? {} : { tracing }),
  };
  const unheard = await makeServices(config, ports, store, around, name);
  await tellOfLateClock(store, unheard.tenant, log, (thrown) => observer.failed("clock-at-start", "none", thrown));
  const told = feedLog(log, observer, tracing);
  const node = encodeBase64url(ports.dice.bytes(12));
  const feed = createFeedHub({ ...unheard, scheduler, node, nodeName: ports.nodeName, log: told });
  hub = feed;
  const services: Services = { ...unheard, hearing: feed };
  limits = services.limits;
  addKeyMetrics(metrics.registry, {
    list: async () => listKeys(services, { tenant: services.tenant, listeners: await listenersOf(services) }),
    signatures: () => services.keys.signatures(),
    now: () => clock.now(),
  });
  const grown = {
    bytes: () => storeBytes(config, name),
    facts: () => factsIn(metrics.registry),
    planned: config.store_size_planned,
    now: () => clock.monotonic(),
  };
  addGrowthMetrics(metrics.registry, createForecast(grown));
  const { operatorCredentials } = await makeFirstClients(services, config);
  const hallpass = createHallpass(services);
  const upgrades = new EventEmitter();
  const sockets = attachFeed(upgrades, feed, (token) => judgeFeedBearer(services, token), { scheduler, log: told });
  await services.runs.resume();
  const reported = every(
    scheduler,
    READ_REPORTS_EVERY,
    async () => metrics.readReports(),
    () => {},
  );
  const leading = await takePartInLeading(services, {
    clock,
    scheduler,
    candidate: { node, name: ports.nodeName },
    failed: (thrown) => observer.failed("leading", "none", thrown),
  });
  leadership = leading;
  const timers = [...startTimers(config, ports, services, log, leading, passedOver), reported];

  return {
    name,
    issuer: config.issuer,
    get operatorCredentials() {
      return operatorCredentials();
    },
    services,
    hallpass,
    hub: feed,
    log,
    observer,
    registry: metrics.registry,
    upgrades,
    shutDownFeed: () => {
      // Whoever follows the log is let go with what there is.
      factBell.ring();
      return sockets.shutDown();
    },
    close: async () => {
      await Promise.all([services.runs.stop(), ...timers.map((timer) => timer.stop())]);
      await leading.stop();
      await services.limits.settle().catch((thrown: unknown) => observer.failed("close", "none", thrown));
      await services.refusedCalls.flush().catch((thrown: unknown) => observer.failed("close", "none", thrown));
      await store.close();
    },
  };
}

/** Milliseconds between two looks at what verifiers reported. */
const READ_REPORTS_EVERY = 1000;

/** Null for a file that is not there. */
function bytesOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}
