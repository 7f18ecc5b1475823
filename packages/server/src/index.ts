// The table of contents: the server. What it owns and what to read first stands in README.md.

export {
  type AuditExport,
  type AuditFault,
  chainFaults,
  checkpointFault,
  type FoundFault,
  openCheckpoint,
} from "@hallpass/core";
export { backUp } from "./backup/backup.ts";
export type { BackedUpTenant, Manifest } from "./backup/manifest.ts";
export { BackupProblem, type BackupProblemCode } from "./backup/problem.ts";
export { type Restore, type RestoredTenant, restore } from "./backup/restore.ts";
export { type Config, type ConfigSources, configOfTenant, type LoadedConfig, loadConfig, type Said } from "./config.ts";
export { envName, KEYS, type Key, NAMES, type Name, type Settings } from "./config-schema.ts";
export { type BodyMember, bodyMembers } from "./endpoints/body-members.ts";
export { ENDPOINTS } from "./endpoints/index.ts";
export { SCOPES, type Scope } from "./endpoints/scopes.ts";
export { createHallpass, type Hallpass, type HostRequest } from "./hallpass.ts";
export { migrateStore } from "./host/choose-store.ts";
export { closeOnSignals } from "./host/close-on-signals.ts";
export { parseText, type ReadDocument, readDocument } from "./host/document.ts";
export { DEMO_API_CREDENTIALS, DEMO_AUDIENCE, OPERATOR, OPERATOR_CREDENTIALS } from "./host/first-clients.ts";
export type { Ports } from "./host/ports.ts";
export { replaceOperatorSecret } from "./host/replace-operator-secret.ts";
export { type RunningServer, startServer } from "./main.ts";
export type { LogDestination } from "./observe/log.ts";
export type { Services } from "./services.ts";
export { FAULT_TITLES, MEMBER_CODES, WIRE_ERRORS, type WireCode, type WireError } from "./wire-errors.ts";
export { type SuperviseOptions, superviseWorkers } from "./workers/cluster-ports.ts";
export { type Supervisor, type SupervisorEvent, WorkerLeft } from "./workers/supervisor.ts";
export { thisWorker, type Worker } from "./workers/worker.ts";
