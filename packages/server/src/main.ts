// Starts the server: opens the store, continues what is in it or makes it, listens. The one place where the real clock, dice and timers
// come in, unless a test hands in others (host/ports.ts). Nothing is answered before everything is there.

import { writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Store } from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import type { Config } from "./config.ts";
import { createFeedHub, type FeedHub } from "./feed/hub.ts";
import { type JudgedBearer, judgeFeedBearer } from "./feed/own-bearer.ts";
import { attachFeed, type FeedSockets } from "./feed/web-socket-feed.ts";
import { createHallpass, type Hallpass } from "./hallpass.ts";
import { chooseStore } from "./host/choose-store.ts";
import { makeFirstClients } from "./host/first-clients.ts";
import { makeServices } from "./host/make-services.ts";
import { listenForMetrics } from "./host/metrics-listener.ts";
import { listen } from "./host/node-host.ts";
import { type Ports, portsWith } from "./host/ports.ts";
import { makePrivateDirectory } from "./host/private-files.ts";
import { startTimers } from "./host/timers.ts";
import { feedLog } from "./observe/feed-log.ts";
import { createLog } from "./observe/log.ts";
import { createMetrics } from "./observe/metrics.ts";
import { observe } from "./observe/observe.ts";
import { observedStore } from "./observe/observed-store.ts";
import { revocationLag } from "./observe/revocation-lag.ts";
import type { Services } from "./services.ts";

export interface RunningServer {
  /** Where it listens, with the port it got. */
  readonly url: string;
  /** `operator:hpc_…` if this start made the operator and its secret; otherwise null. */
  readonly operatorCredentials: string | null;
  readonly services: Services;
  readonly hallpass: Hallpass;
  readonly hub: FeedHub;
  /** Drains and lets go of everything; settles within the configured limit. Twice is once. */
  close(): Promise<void>;
}

/** Rejects with an Error that a person can act on, or a Fault of the store; then nothing was left open. */
export async function startServer(config: Config, given: Partial<Ports> = {}): Promise<RunningServer> {
  const ports = portsWith(given);
  makePrivateDirectory(config.data);
  const store = ports.wrapStore(await chooseStore(config, ports));
  try {
    return await serve(config, ports, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function serve(config: Config, ports: Ports, bare: Store): Promise<RunningServer> {
  const { clock, scheduler } = ports;
  let serving = true;
  let hub: FeedHub | undefined;
  const log = createLog(config.log_level, ports.logTo);
  const metrics = createMetrics({
    connections: () => hub?.connections().length ?? 0,
    viewAges: () => hub?.connections().map(({ stats }) => stats.view_age_ms ?? 0) ?? [],
  });
  const lag = revocationLag(clock, metrics);
  const revoked = (pos: Position): void => (hub === undefined ? undefined : lag.revoked(pos, hub));
  const store = observedStore(bare, { clock, log, metrics, revoked });
  const observer = observe(log, metrics);
  const unheard = await makeServices(config, ports, store, {
    observer,
    metricsPage: async () => ({ text: await metrics.registry.metrics(), type: metrics.registry.contentType }),
    isServing: () => serving,
  });
  const told = feedLog(log, observer);
  const feed = createFeedHub({ ...unheard, scheduler, nodeName: hostname(), log: told });
  hub = feed;
  const services: Services = { ...unheard, hearing: feed };
  const { operatorCredentials } = await makeFirstClients(services, config);
  const hallpass = createHallpass(services);

  let sockets: FeedSockets | undefined;
  const judge = (token: string): Promise<JudgedBearer> => judgeFeedBearer(services, token);
  const attach = (server: Server): void => {
    sockets = attachFeed(server, feed, judge, { scheduler, log: told });
  };
  const pages = await listenForMetrics(config.metrics_listen, services.metricsPage);
  const { host: address, port } = config.listen;
  const around = { hallpass, observer, dice: ports.dice, issuer: config.issuer, attach };
  const host = await listen({ ...around, host: address, port }).catch(async (error: unknown) => {
    await pages.close();
    throw error;
  });
  const timers = startTimers(config, ports, services, log);
  const url = `http://${address.includes(":") ? `[${address}]` : address}:${host.port}`;
  writeFileSync(join(config.data, "address"), `${url}\n`);
  log.info("listening", { url, issuer: config.issuer, store: store.traits.name, development: config.development });

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    // Load balancers look at readiness, and verifiers go elsewhere: both before anything closes.
    serving = false;
    await Promise.all([sockets?.shutDown(), host.close(config.shutdown_limit * 1000)]);
    await Promise.all([pages.close(), ...timers.map((timer) => timer.stop())]);
    await store.close();
    log.info("closed", {});
    log.flush();
  }
  return { url, operatorCredentials, services, hallpass, hub: feed, close: () => (closed ??= close()) };
}
