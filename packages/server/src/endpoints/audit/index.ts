// The audit over HTTP: records with their hashes, and what was signed of them (spec/audit.md).

export { checkpoints, sign } from "./checkpoints.ts";
export { AUDIT_QUERY, records } from "./records.ts";
