// Starts the server: chooses the store, opens the keys, makes the first clients, listens. The one place where the real clock, dice and
// timers come in, unless a test hands in others. A second start on the same data continues.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bootstrapIssuer,
  bootstrapKeys,
  type Clock,
  createKeyRing,
  type Dice,
  generateSigningKey,
  KEY_POLICY,
  type NewSigningKey,
  type Policy,
  PROFILES,
  parseTenantId,
  ringKey,
  type Scheduler,
  type Seconds,
  type Store,
  secondsOf,
  sweep,
  type TenantId,
  tendKeys,
} from "@hallpass/core";
import { DEFAULT_SKEW_SECONDS } from "@hallpass/protocol";
import type { Config } from "./config.ts";
import { createHallpass, type Hallpass } from "./hallpass.ts";
import { chooseStore } from "./host/choose-store.ts";
import { every } from "./host/every.ts";
import { makeFirstClients } from "./host/first-clients.ts";
import { loadKek } from "./host/load-kek.ts";
import { listen } from "./host/node-host.ts";
import { makePrivateDirectory } from "./host/private-files.ts";
import { systemClock, systemDice, systemScheduler } from "./host/system-ports.ts";
import { trustedTime } from "./host/trusted-time.ts";
import { SILENT } from "./observe/observer.ts";
import { noHearing, type Services } from "./services.ts";

/** What a test may replace. */
export interface Ports {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly newSigningKey: NewSigningKey;
  /** Wraps the store: for faults that are injected. */
  readonly wrapStore: (store: Store) => Store;
}

export interface RunningServer {
  /** Where it listens. */
  readonly url: string;
  /** `operator:hpc_…` if this start made the operator; otherwise null. */
  readonly operatorCredentials: string | null;
  readonly services: Services;
  readonly hallpass: Hallpass;
  /** Drains and lets go of everything; settles within the configured limit. Twice is once. */
  close(): Promise<void>;
}

const SWEEP_EVERY = 5000;
const TEND_EVERY = 60_000;

/** Rejects with an Error that a person can act on, or a Fault of the store; then nothing was left open. */
export async function startServer(config: Config, given: Partial<Ports> = {}): Promise<RunningServer> {
  const ports: Ports = {
    clock: systemClock,
    dice: systemDice(),
    scheduler: systemScheduler,
    newSigningKey: generateSigningKey,
    wrapStore: (store) => store,
    ...given,
  };
  makePrivateDirectory(config.data);
  const store = ports.wrapStore(await chooseStore(config, ports));
  try {
    return await serve(config, ports, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function serve(config: Config, ports: Ports, store: Store): Promise<RunningServer> {
  let serving = true;
  const services = await servicesOf(config, ports, store, () => serving);
  const { operatorCredentials } = await makeFirstClients(services, config);
  const hallpass = createHallpass(services);
  const host = await listen({
    hallpass,
    observer: services.observer,
    dice: ports.dice,
    issuer: config.issuer,
    host: config.listen.host,
    port: config.listen.port,
    draining: () => {
      serving = false;
    },
  });
  const timers = startTimers(config, ports, services);
  const url = `http://${config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host}:${host.address.port}`;
  if (config.store !== "memory") writeFileSync(join(config.data, "address"), `${url}\n`);
  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    await host.close(config.shutdown_limit * 1000);
    await Promise.all(timers.map((timer) => timer.stop()));
    await store.close();
  }
  return { url, operatorCredentials, services, hallpass, close: () => (closed ??= close()) };
}

async function servicesOf(config: Config, ports: Ports, store: Store, isServing: () => boolean): Promise<Services> {
  const tenant = theTenant();
  const policies = policiesUnder(config);
  const areKeys = (await store.read([ringKey(tenant)])).get(ringKey(tenant)) !== undefined;
  const kek = loadKek(config, ports.dice, areKeys);
  const lifetimes = [...policies.values()].map((policy) => policy.accessLifetime);
  const issuer = await bootstrapIssuer(
    { store, dice: ports.dice },
    {
      tenant,
      url: config.issuer,
      skew: DEFAULT_SKEW_SECONDS,
      maxTokenLifetime: Math.max(config.client_token_lifetime, ...lifetimes),
    },
  );
  await bootstrapKeys({ store, dice: ports.dice, kek, newSigningKey: ports.newSigningKey }, { tenant });
  const keys = createKeyRing({ tenant, kek });
  const opened = await store.read([ringKey(tenant)]);
  keys.open(opened);
  return {
    ...ports,
    store,
    tenant,
    issuer,
    policies,
    clientTokenLifetime: secondsOf(config.client_token_lifetime),
    keys,
    kek,
    policy: { ...KEY_POLICY, longestTokenLifetime: secondsOf(issuer.longestToken) },
    hearing: noHearing(opened.clock),
    observer: SILENT,
    metricsPage: async () => ({ text: "", type: "text/plain" }),
    isServing,
  };
}

function startTimers(config: Config, ports: Ports, services: Services): readonly { stop(): Promise<void> }[] {
  const { scheduler } = ports;
  const time = trustedTime(ports.clock);
  const failed = (thrown: unknown): void => services.observer.failed("timer", "none", thrown);
  const deps = { ...services, factsKept: config.facts_kept * 1000 };
  return [
    every(scheduler, SWEEP_EVERY, async () => void (await sweep(deps, time.now())), failed),
    every(scheduler, TEND_EVERY, async () => void (await tendKeys(services, { tenant: services.tenant })), failed),
  ];
}

/** The profiles, none with a longer access lifetime than the configuration allows. */
function policiesUnder(config: Config): ReadonlyMap<string, Policy> {
  const most = config.max_token_lifetime;
  return new Map(
    [...PROFILES].map(([name, policy]) => [
      name,
      { ...policy, accessLifetime: Math.min(policy.accessLifetime, most) as Seconds },
    ]),
  );
}

function theTenant(): TenantId {
  const tenant = parseTenantId("default");
  if (tenant === undefined) throw new Error("the tenant has no name");
  return tenant;
}
