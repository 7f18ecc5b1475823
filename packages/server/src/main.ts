// Starts the server: each tenant with its store, then one listener in front of them all. The one place where the real clock, dice and timers
// come in, unless a test hands in others (host/ports.ts). Nothing is answered before everything is there.

import type { IncomingMessage, Server } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { type Config, configOfTenant, DEFAULT_TENANT } from "./config.ts";
import type { FeedHub } from "./feed/hub.ts";
import { createCheck } from "./gateway/check.ts";
import type { Hallpass } from "./hallpass.ts";
import { createAdmission } from "./host/admission.ts";
import { arrivedFrom } from "./host/arrivals.ts";
import { every } from "./host/every.ts";
import { listenForGateways } from "./host/gateway-listener.ts";
import { inARow } from "./host/in-a-row.ts";
import { isOver } from "./host/is-over.ts";
import { listenForMetrics } from "./host/metrics-listener.ts";
import { listen } from "./host/node-host.ts";
import { ownAddress, writeAddress } from "./host/own-address.ts";
import { type Ports, portsWith } from "./host/ports.ts";
import { readProxySecret } from "./host/proxy-secret.ts";
import { systemNextTurn } from "./host/system-ports.ts";
import { byHost } from "./host/tenant-hosts.ts";
import { type LoadedTls, loadTls, renewing, tlsFilesOf } from "./host/tls-files.ts";
import { addAdmissionMetrics } from "./observe/admission-metrics.ts";
import { thrownToLog } from "./observe/log.ts";
import { addLogMetrics } from "./observe/log-metrics.ts";
import { networksOf } from "./outbound/networks.ts";
import type { Services } from "./services.ts";
import { type RunningTenant, startTenant } from "./start-tenant.ts";

export interface RunningServer {
  /** Where it listens, with the port it got. */
  readonly url: string;
  /** Where it answers gateways, if it does. */
  readonly gatewayUrl: string | null;
  /** `operator:hpc_…` if this start made the default tenant's operator and its secret, read from its file; otherwise null. */
  readonly operatorCredentials: string | null;
  /** Of the default tenant, as are `hallpass` and `hub`. */
  readonly services: Services;
  readonly hallpass: Hallpass;
  readonly hub: FeedHub;
  /** All of them by name, the default one included. */
  readonly tenants: ReadonlyMap<string, RunningTenant>;
  /**
   * Drains and lets go of everything. Settles within the configured limit and `LETS_GO_WITHIN` more, whatever the store does: rejects with an
   * Error when something had not ended by then, which is left behind for the process to end. Twice is once.
   */
  close(): Promise<void>;
}

/** Rejects with an Error that a person can act on, or a Fault of a store; then nothing was left open. */
export async function startServer(config: Config, given: Partial<Ports> = {}): Promise<RunningServer> {
  const ports = portsWith(given);
  const tenants: RunningTenant[] = [];
  let serving = true;
  const isServing = (): boolean => serving;
  try {
    const own = await startTenant(DEFAULT_TENANT, config, ports, isServing);
    tenants.push(own);
    for (const tenant of config.tenants)
      tenants.push(await startTenant(tenant.id, configOfTenant(config, tenant), ports, isServing));
    return await serve(config, ports, own, tenants, () => {
      serving = false;
    });
  } catch (error) {
    for (const tenant of tenants) await tenant.close();
    throw error;
  }
}

/** No HTTP server looks after the socket any more: whoever breaks it off while it is answered must not end the process. */
function refuseInsecure(socket: Duplex): void {
  socket.on("error", () => socket.destroy());
  socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", () => socket.destroy());
}

/** Milliseconds between two looks at the files of the certificate. */
const LOOK_EVERY = 10_000;
/** Milliseconds for tasks and stores, when no request is left. */
export const LETS_GO_WITHIN = 3000;

async function serve(
  config: Config,
  ports: Ports,
  own: RunningTenant,
  tenants: readonly RunningTenant[],
  drain: () => void,
): Promise<RunningServer> {
  const { log, observer, services, hallpass, hub } = own;
  const others = tenants.filter((tenant) => tenant !== own).map((tenant) => ({ issuer: tenant.issuer, tenant }));
  const tenantAt = byHost(own, others);
  const { trusted_proxies: networks = [], proxy_header: header, proxy_secret_file: secretFile } = config;
  const secret = secretFile === undefined ? {} : { secret: readProxySecret(secretFile) };
  const proxies = { trusted: networksOf(networks), header, ...secret };
  const answer: Hallpass["answer"] = (request, body, peer) =>
    tenantAt(request.headers.get("host")).hallpass.answer(request, body, peer);
  const attach = (server: Server): void => {
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const tenant = tenantAt(request.headers.host ?? null);
      // As for every other request: the bearer was sent in the clear.
      if (arrivedFrom(request, proxies).insecure && tenant.issuer.startsWith("https:")) refuseInsecure(socket);
      else tenant.upgrades.emit("upgrade", request, socket, head);
    });
  };
  const files = tlsFilesOf(config);
  const tls = files === undefined ? undefined : loadTls(files);
  const pages = await listenForMetrics(
    config.metrics_listen,
    new Map(tenants.map(({ name, services: { metricsPage } }) => [name, metricsPage])),
  );
  const gateways = await listenForGateways(
    config.gateway_listen,
    new Map(tenants.map((tenant) => [tenant.name, createCheck(tenant.services)])),
    // Of its own: what a gateway asks stands behind nobody else's requests.
    inARow(systemNextTurn, ports.clock),
  ).catch(async (error: unknown) => {
    await pages.close();
    throw error;
  });
  const { host: address, port } = config.listen;
  const fetch = hallpass.fetch;
  const told = (turnedAway: object): void => log.error("turned_away", turnedAway);
  const admission = ports.wrapAdmission(createAdmission({ ...ports, told }));
  addAdmissionMetrics(own.registry, admission);
  addLogMetrics(own.registry, ports.logTo);
  const around = {
    hallpass: { fetch, answer },
    observer,
    admission,
    dice: ports.dice,
    clock: ports.clock,
    scheduler: ports.scheduler,
    issuer: config.issuer,
    attach,
  };
  const host = await listen({ ...around, host: address, port, proxies, ...(tls === undefined ? {} : { tls }) }).catch(
    async (error: unknown) => {
      await Promise.all([pages.close(), gateways.close(0)]);
      throw error;
    },
  );
  const renewed = (next: LoadedTls): void => {
    host.renewTls(next);
    log.info("certificate_renewed", { not_after: next.notAfter });
  };
  const failed = (thrown: unknown): void => log.error("certificate_not_renewed", thrownToLog(thrown));
  const renewal = files === undefined || tls === undefined ? undefined : renewing(files, tls, renewed, failed);
  const looking = renewal && every(ports.scheduler, LOOK_EVERY, async () => renewal.look(), failed);
  const url = `${tls === undefined ? "http" : "https"}://${address.includes(":") ? `[${address}]` : address}:${host.port}`;
  writeAddress(join(config.data, "address"), ownAddress(config, host.port, tls !== undefined));
  for (const tenant of tenants) {
    const { name: store } = tenant.services.store.traits;
    tenant.log.info("listening", { url, issuer: tenant.issuer, store, development: config.development });
  }
  // Who waits for this line waits for a server that is there: it is not left to what is written each second.
  log.flush();

  let closed: Promise<void> | undefined;
  async function letGo(limit: number): Promise<void> {
    // Load balancers look at readiness, and verifiers go elsewhere: both before anything closes.
    drain();
    const feeds = tenants.map((tenant) => tenant.shutDownFeed());
    await Promise.all([...feeds, host.close(limit), gateways.close(limit), looking?.stop()]);
    await Promise.all([pages.close(), ...tenants.map((tenant) => tenant.close())]);
  }
  async function close(): Promise<void> {
    const limit = config.shutdown_limit * 1000;
    try {
      if (!(await isOver(letGo(limit), limit + LETS_GO_WITHIN)))
        throw new Error("not everything had ended when the time for it was over");
      log.info("closed", {});
    } catch (thrown) {
      log.error("not_drained", thrownToLog(thrown));
      throw thrown;
    } finally {
      log.flush();
    }
  }
  return {
    url,
    gatewayUrl: gateways.url,
    get operatorCredentials() {
      return own.operatorCredentials;
    },
    services,
    hallpass,
    hub,
    tenants: new Map(tenants.map((tenant) => [tenant.name, tenant])),
    close: () => (closed ??= close()),
  };
}
