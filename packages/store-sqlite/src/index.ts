// Owns the embedded store on SQLite: one file, one writing thread with group commit, reads on the caller's thread.
// Does not own rules of sessions: it changes rows, it does not judge them.
// Read first: sqlite-store.ts, then schema.ts, then writer.ts.

export { openSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
