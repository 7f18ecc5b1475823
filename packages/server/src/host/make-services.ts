// From a configuration and a store to everything that the endpoints work with. What is missing on a first start is made; what is there is
// continued. Keys that can't be opened stop the start.

import {
  auditReader,
  bootstrapIssuer,
  bootstrapKeys,
  createKeyRing,
  type Dice,
  Fault,
  type Issuer,
  KEY_POLICY,
  type Policy,
  PROFILES,
  parseTenantId,
  rewrapKeys,
  ringKey,
  type Seconds,
  type Store,
  secondsOf,
  sweepPassed,
  type TenantId,
} from "@hallpass/core";
import { DEFAULT_SKEW_SECONDS } from "@hallpass/protocol";
import { type Config, DEFAULT_TENANT } from "../config.ts";
import { createRefusedCalls } from "../endpoints/refused-calls.ts";
import { createFleetReader } from "../feed/fleet-reader.ts";
import { createLimits } from "../limits/limits.ts";
import { fetchDocument } from "../outbound/fetch-document.ts";
import { networksOf } from "../outbound/networks.ts";
import { createPublishedKeys, type PublishedKeys } from "../outbound/published-keys.ts";
import type { Services } from "../services.ts";
import { loadKek } from "./load-kek.ts";
import type { Ports } from "./ports.ts";
import { createRevocationRuns } from "./revocation-runs.ts";
import { watchStoreTime } from "./store-time.ts";
import { systemNextTurn, systemPause } from "./system-ports.ts";
import { watchRuns } from "./written-runs.ts";

/** Everything but what the feed hears, which is made of the rest. */
export type Unheard = Omit<Services, "hearing">;

export type Surroundings = Pick<
  Services,
  "observer" | "tracing" | "metricsPage" | "isServing" | "writeFault" | "factBell"
>;

export async function makeServices(
  config: Config,
  { clock, dice, scheduler, newSigningKey }: Ports,
  given: Store,
  around: Surroundings,
  tenantName: string = DEFAULT_TENANT,
): Promise<Unheard> {
  const tenant = tenantNamed(tenantName);
  const runs = watchRuns(given);
  const { store, time: storeTime } = watchStoreTime(runs?.store ?? given, clock, (reached) =>
    sweepPassed({ store: given, dice, tenant }, reached),
  );
  const policies = policiesUnder(config);
  const areKeys = (await store.read([ringKey(tenant)])).get(ringKey(tenant)) !== undefined;
  const kek = await loadKek(config, { dice, store, tenant, areKeys });
  const issuer = await openIssuer(config, { store, dice }, tenant);
  await readable(bootstrapKeys({ store, dice, kek, newSigningKey }, { tenant }));
  await rewrapKeys({ store, dice, kek }, { tenant });
  const keys = createKeyRing({ tenant, kek, nextTurn: systemNextTurn });
  // So that the first forged token is refused without a read, too.
  keys.open(await store.read([ringKey(tenant)]));
  const auditKept = config.audit_kept * 1000;
  const refusedCalls = createRefusedCalls({ store, dice, clock, tenant }, (thrown) =>
    around.observer.failed("refused-call", "none", thrown),
  );
  const failed = (thrown: unknown): void => around.observer.failed("revocation", "none", thrown);
  return {
    ...around,
    refusedCalls,
    limits: createLimits(config, { store, dice, clock, tenant }, (thrown) =>
      around.observer.failed("client-limit", "none", thrown),
    ),
    runs: createRevocationRuns({ store, dice, issuer }, { scheduler, pause: systemPause, failed, written: runs?.ids }),
    pause: systemPause,
    fleet: createFleetReader(store, tenant),
    store,
    storeTime,
    clock,
    dice,
    newSigningKey,
    tenant,
    issuer,
    policies,
    cookie: { name: config.cookie_name, sameSite: config.cookie_same_site },
    asksForCertificates: config.tls_client_ca_file !== undefined,
    clientTokenLifetime: secondsOf(config.client_token_lifetime),
    auditKept,
    auditReader: auditReader({ issuer, kept: auditKept, without: new Set<string>(config.audit_without) }),
    keys,
    kek,
    publishedKeys: keysFrom(config, { clock, scheduler }),
    policy: { ...KEY_POLICY, longestTokenLifetime: secondsOf(issuer.longestToken) },
  };
}

/** Throws when the store belongs to another issuer. */
export function openIssuer(
  config: Config,
  deps: { readonly store: Store; readonly dice: Dice },
  tenant: TenantId,
): Promise<Issuer> {
  const lifetimes = [...policiesUnder(config).values()].map((policy) => policy.accessLifetime);
  const maxTokenLifetime = Math.max(config.client_token_lifetime, ...lifetimes);
  return bootstrapIssuer(deps, { tenant, url: config.issuer, skew: DEFAULT_SKEW_SECONDS, maxTokenLifetime });
}

const JWKS_TYPES = ["application/jwk-set+json", "application/json"];

function keysFrom(config: Config, { clock, scheduler }: Pick<Ports, "clock" | "scheduler">): PublishedKeys {
  const options = { also: networksOf(config.outbound_networks ?? []), scheduler, limitMs: 3000, maxBytes: 65_536 };
  return createPublishedKeys({ clock, fetch: (uri) => fetchDocument(uri, JWKS_TYPES, options) });
}

/** A start that can't read the keys says why: which key-encryption key they need, by its id. */
async function readable<T>(reading: Promise<T>): Promise<T> {
  return reading.catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== "keys_unreadable") throw error;
    const why = error.cause instanceof Error ? error.cause.message : "they don't open";
    throw new Error(`the keys in the store can't be read (${why}): put the key-encryption key back that they need`, {
      cause: error,
    });
  });
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

export function tenantNamed(name: string): TenantId {
  const tenant = parseTenantId(name);
  if (tenant === undefined) throw new Error(`${name} is no name of a tenant`);
  return tenant;
}
