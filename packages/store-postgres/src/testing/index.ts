// For tests in this repository only: what it takes to run against a real server. Not part of the built package.

export { hasPgBouncer, type PgBouncer, startPgBouncer } from "./pgbouncer.ts";
export {
  freePort,
  type Ground,
  ground,
  makeCluster,
  type PostgresServer,
  postgresBinaries,
  runTool,
  serveCluster,
  startPostgres,
} from "./postgres-server.ts";
export { type TcpSwitch, tcpSwitch } from "./tcp-switch.ts";
