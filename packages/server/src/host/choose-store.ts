// The one place that knows which stores there are. Only the one that is chosen is loaded: a database's driver takes a tenth of a start.

import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type Clock,
  type Dice,
  gather,
  keksOf,
  parseTenantId,
  readIssuer,
  ringKey,
  type Scheduler,
  type Store,
  startEpoch,
} from "@hallpass/core";
import { DEFAULT_SKEW_SECONDS, type Position } from "@hallpass/protocol";
import type { Migrated, PrimaryEvent } from "@hallpass/store-postgres";
import { postgresTenants } from "../backup/postgres-tenants.ts";
import { isRestoring, SQLITE_FILE, sqliteTenants } from "../backup/sqlite-tenants.ts";
import type { CopiedStore, StoredTenants } from "../backup/stored-tenant.ts";
import { type Config, configOfTenant, DEFAULT_TENANT } from "../config.ts";
import { withJournal, withoutLooking } from "../journal/with-journal.ts";
import { tenantNamed } from "./make-services.ts";
import { systemDice, systemNextTurn } from "./system-ports.ts";

/** What a store tells of the server that it relies on. */
export type StoreTold = (event: PrimaryEvent) => void;

export interface StorePorts {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
}

export type StoreSettings = Pick<Config, "store" | "data" | "revocation_journal" | "revocation_journal_kept">;

/** The store of a tenant. Rejects with a Fault `store_unavailable` whose cause says why, or an Error that a person can act on. */
export async function chooseStore(
  config: StoreSettings,
  ports: StorePorts,
  tenant: string = DEFAULT_TENANT,
  told: StoreTold = () => {},
): Promise<Store> {
  const store = await withJournal(await openStore(config, ports, tenant, told), config, ports, tenant);
  return gather(store, { nextTurn: systemNextTurn });
}

async function openStore(config: StoreSettings, ports: StorePorts, tenant: string, told: StoreTold): Promise<Store> {
  const { store, data } = config;
  if (store === "memory") {
    const { createMemoryStore } = await import("@hallpass/store-memory");
    return createMemoryStore(ports);
  }
  if (store === "sqlite") {
    if (isRestoring(data))
      throw new Error(`a restore into ${data} was cut off: run "hallpass restore" again, and start then`);
    return openSqlite(ports, join(data, SQLITE_FILE));
  }
  const { openPostgresStore } = await import("@hallpass/store-postgres");
  return openPostgresStore({
    ...ports,
    nextTurn: systemNextTurn,
    url: store.reveal(),
    schema: schemaOf(tenant),
    endHistory: async (bare, above) => {
      const kept = await withoutLooking({ ...bare, close: async () => {} }, config, ports, tenant);
      await endHistory(kept, ports.dice, tenant, above);
      await kept.close();
    },
    told,
  });
}

async function openSqlite(ports: StorePorts, file: string): Promise<Store> {
  const { openSqliteStore } = await import("@hallpass/store-sqlite");
  return openSqliteStore({ ...ports, file });
}

/** Nothing to end where nobody was ever issued anything. */
async function endHistory(store: Store, dice: Dice, tenant: string, above: Position): Promise<void> {
  const id = parseTenantId(tenant);
  const issuer = id && (await readIssuer(store, { tenant: id, skew: DEFAULT_SKEW_SECONDS }));
  if (issuer !== undefined) await startEpoch({ store, dice, issuer }, above, "failover");
}

/** Bytes of a tenant's store on disk; null for one that has none. Rejects with what a database says. */
export async function storeBytes(
  { store, data }: Pick<Config, "store" | "data">,
  tenant: string,
): Promise<number | null> {
  if (store === "memory") return null;
  if (store !== "sqlite") {
    const { bytesOfPostgres } = await import("@hallpass/store-postgres");
    return bytesOfPostgres({ url: store.reveal(), schema: schemaOf(tenant) });
  }
  const file = join(data, SQLITE_FILE);
  const sizes = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

export interface MigratedTenant extends Migrated {
  readonly tenant: string;
}

/**
 * Makes or completes the tables of every tenant, beside nodes that serve. Empty for a store that does it by itself at its start.
 * Rejects with what the database says; running it again goes on where it stopped.
 */
export async function migrateStore({
  store,
  tenants,
}: Pick<Config, "store" | "tenants">): Promise<readonly MigratedTenant[]> {
  if (typeof store === "string") return [];
  const { migratePostgres } = await import("@hallpass/store-postgres");
  const done: MigratedTenant[] = [];
  for (const tenant of [DEFAULT_TENANT, ...tenants.map(({ id }) => id)]) {
    const migrated = await migratePostgres({ url: store.reveal(), schema: schemaOf(tenant), dice: systemDice() });
    done.push({ tenant, ...migrated });
  }
  return done;
}

/** Each tenant has tables of its own. A tenant's name has no underscore, so no two share a schema. */
function schemaOf(tenant: string): string {
  return tenant === DEFAULT_TENANT ? "hallpass" : `hallpass_${tenant.replaceAll("-", "_")}`;
}

/** What backup and restore work on; undefined for a store that forgets. */
export async function storedTenants(config: Config, ports: StorePorts): Promise<StoredTenants | undefined> {
  const { store } = config;
  const named = [
    { tenant: DEFAULT_TENANT, issuer: config.issuer, data: config.data },
    ...config.tenants.map((tenant) => ({ tenant: tenant.id, ...configOfTenant(config, tenant) })),
  ];
  if (store === "memory") return undefined;
  if (store === "sqlite") {
    const open = (file: string): Promise<Store> => openSqlite(ports, file);
    return sqliteTenants(config.data, named, { open, contentOf });
  }
  const {
    dropAside,
    dumpPostgres,
    isPlaceEmpty,
    loadAside,
    migratePostgres,
    moveIn,
    openPostgresStore,
    peekPostgres,
    schemaAside,
  } = await import("@hallpass/store-postgres");
  const placeOf = (tenant: string): { url: string; schema: string } => ({
    url: store.reveal(),
    schema: schemaOf(tenant),
  });
  const asideOf = (tenant: string): { url: string; schema: string } => ({
    url: store.reveal(),
    schema: schemaAside(schemaOf(tenant)),
  });
  return postgresTenants(named, {
    isEmpty: (tenant) => isPlaceEmpty(placeOf(tenant)),
    dump: async (tenant, file) => {
      const { head, birthMark, value } = await dumpPostgres(placeOf(tenant), file, ringKey(tenantNamed(tenant)));
      return { head, store: birthMark, keysSealedUnder: keksOf(value) };
    },
    loadAside: async (tenant, file) => {
      await loadAside(placeOf(tenant), file);
      // A backup of an earlier release lacks the steps of this one.
      await migratePostgres({ ...asideOf(tenant), dice: ports.dice });
    },
    dropAside: (tenant) => dropAside(placeOf(tenant)),
    openAside: (tenant) => openPostgresStore({ ...ports, ...asideOf(tenant) }),
    peek: (tenant) => peekPostgres(placeOf(tenant)),
    open: (tenant) => openPostgresStore({ ...ports, ...placeOf(tenant) }),
    moveIn: (tenants) => moveIn(store.reveal(), tenants.map(schemaOf)),
  });
}

async function contentOf(store: Store, tenant: string): Promise<CopiedStore> {
  const key = ringKey(tenantNamed(tenant));
  const snapshot = await store.read([key]);
  return {
    head: snapshot.head.pos,
    store: (await store.markAt({ epoch: 1, seq: 0 })) ?? "",
    keysSealedUnder: keksOf(snapshot.get(key)?.value ?? null),
  };
}
