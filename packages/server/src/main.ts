// Starts the server: opens the store, continues what is in it or makes it, listens. The one place where the real clock, dice and timers
// come in, unless a test hands in others (host/ports.ts). Nothing is answered before everything is there.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "@hallpass/core";
import type { Config } from "./config.ts";
import { createHallpass, type Hallpass } from "./hallpass.ts";
import { chooseStore } from "./host/choose-store.ts";
import { makeFirstClients } from "./host/first-clients.ts";
import { makeServices } from "./host/make-services.ts";
import { listenForMetrics } from "./host/metrics-listener.ts";
import { listen } from "./host/node-host.ts";
import { type Ports, portsWith } from "./host/ports.ts";
import { makePrivateDirectory } from "./host/private-files.ts";
import { startTimers } from "./host/timers.ts";
import { createLog } from "./observe/log.ts";
import { createMetrics } from "./observe/metrics.ts";
import { observe } from "./observe/observe.ts";
import { observedStore } from "./observe/observed-store.ts";
import { revocationLag } from "./observe/revocation-lag.ts";
import { type Hearing, noHearing, type Services } from "./services.ts";

export interface RunningServer {
  /** Where it listens, with the port it got. */
  readonly url: string;
  /** `operator:hpc_…` if this start made the operator and its secret; otherwise null. */
  readonly operatorCredentials: string | null;
  readonly services: Services;
  readonly hallpass: Hallpass;
  /** Drains and lets go of everything; settles within the configured limit. Twice is once. */
  close(): Promise<void>;
}

/** Rejects with an Error that a person can act on, or a Fault of the store; then nothing was left open. */
export async function startServer(config: Config, given: Partial<Ports> = {}): Promise<RunningServer> {
  const ports = portsWith(given);
  if (config.store !== "memory") makePrivateDirectory(config.data);
  const store = ports.wrapStore(await chooseStore(config, ports));
  try {
    return await serve(config, ports, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function serve(config: Config, ports: Ports, bare: Store): Promise<RunningServer> {
  const { clock } = ports;
  let serving = true;
  let hearing: Hearing = noHearing(clock.now());
  const log = createLog(config.log_level, ports.logTo);
  const metrics = createMetrics({
    connections: () => hearing.connections().length,
    viewAges: () => hearing.connections().map(({ stats }) => stats.view_age_ms ?? 0),
  });
  const lag = revocationLag(clock, metrics);
  const store = observedStore(bare, { clock, log, metrics, revoked: (pos) => lag.revoked(pos, hearing) });
  const services = await makeServices(config, ports, store, {
    observer: observe(log, metrics),
    metricsPage: async () => ({ text: await metrics.registry.metrics(), type: metrics.registry.contentType }),
    isServing: () => serving,
    hearingOf: () => hearing,
  });
  const { operatorCredentials } = await makeFirstClients(services, config);
  const hallpass = createHallpass(services);
  const { host: address, port } = config.listen;
  const host = await listen({
    hallpass,
    observer: services.observer,
    dice: ports.dice,
    issuer: config.issuer,
    host: address,
    port,
  });
  const metricsListener =
    config.metrics_listen === undefined ? null : await listenForMetrics(config.metrics_listen, services.metricsPage);
  const timers = startTimers(config, ports, services, log);
  const url = `http://${address.includes(":") ? `[${address}]` : address}:${host.port}`;
  if (config.store !== "memory") writeFileSync(join(config.data, "address"), `${url}\n`);
  log.info("listening", { url, issuer: config.issuer, store: store.traits.name, development: config.development });

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    // Load balancers look at readiness: it turns before anything closes.
    serving = false;
    await host.close(config.shutdown_limit * 1000);
    await Promise.all([metricsListener?.close(), ...timers.map((timer) => timer.stop())]);
    await store.close();
    log.info("closed", {});
    log.flush();
  }
  return { url, operatorCredentials, services, hallpass, close: () => (closed ??= close()) };
}
