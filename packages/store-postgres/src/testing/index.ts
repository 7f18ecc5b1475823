// For tests in this repository only: what it takes to run against a real server. Not part of the built package.

export { freePort, type PostgresServer, postgresBinaries, startPostgres } from "./postgres-server.ts";
