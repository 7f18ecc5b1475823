// The one place that knows which stores there are.

import { join } from "node:path";
import {
  type Clock,
  type Dice,
  gather,
  parseTenantId,
  readIssuer,
  type Scheduler,
  type Store,
  startEpoch,
} from "@hallpass/core";
import { DEFAULT_SKEW_SECONDS, type Position } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { type Migrated, migratePostgres, openPostgresStore, type PrimaryEvent } from "@hallpass/store-postgres";
import { openSqliteStore } from "@hallpass/store-sqlite";
import { type Config, DEFAULT_TENANT } from "../config.ts";
import { withJournal } from "../journal/with-journal.ts";
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

async function openStore(
  { store, data }: Pick<Config, "store" | "data">,
  ports: StorePorts,
  tenant: string,
  told: StoreTold,
): Promise<Store> {
  if (store === "memory") return createMemoryStore(ports);
  if (store === "sqlite") return openSqliteStore({ ...ports, file: join(data, "hallpass.sqlite") });
  return openPostgresStore({
    ...ports,
    nextTurn: systemNextTurn,
    url: store.reveal(),
    schema: schemaOf(tenant),
    endHistory: (bare, above) => endHistory(bare, ports.dice, tenant, above),
    told,
  });
}

/** Nothing to end where nobody was ever issued anything. */
async function endHistory(store: Store, dice: Dice, tenant: string, above: Position): Promise<void> {
  const id = parseTenantId(tenant);
  const issuer = id && (await readIssuer(store, { tenant: id, skew: DEFAULT_SKEW_SECONDS }));
  if (issuer !== undefined) await startEpoch({ store, dice, issuer }, above, "failover");
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
