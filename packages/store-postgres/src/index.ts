// Owns the store for many nodes on PostgreSQL: tables, the function that commits a batch, the statements that read.
// Does not own rules of sessions: it changes rows, it does not judge them. Does not start or configure a database.
// `hosts.ts` is an entry of its own: a configuration is judged without the driver.
// Read first: postgres-store.ts, then commit-function.ts, then schema.ts.

export {
  bytesOfPostgres,
  type Dumped,
  dropAside,
  dumpPostgres,
  isPlaceEmpty,
  loadAside,
  moveIn,
  type Peeked,
  type PostgresPlace,
  peekPostgres,
  schemaAside,
  ToolFailed,
} from "./dump.ts";
export { openPostgresStore, type PostgresStoreOptions } from "./postgres-store.ts";
export type { PrimaryEvent } from "./primary.ts";
export { type Migrated, migratePostgres } from "./schema.ts";
