// The roles that a first start writes down, with the scopes of each. They are data from then on: change them, remove them, add others.
// `owner` alone is kept at everything by every start, so that a release with a new scope has somebody who can give it.

import { SCOPES, type Scope } from "./scopes.ts";

export const OWNER = "owner";

const READING: readonly Scope[] = SCOPES.filter((scope) => scope.endsWith(":read"));

export const FIRST_ROLES: ReadonlyMap<string, readonly Scope[]> = new Map<string, readonly Scope[]>([
  [OWNER, SCOPES],
  // Takes away, whatever it is; gives nothing.
  ["security", [...READING, "revocations:write", "keys:write"]],
  // Finds a person's sessions and ends them.
  ["support", ["sessions:read", "sessions:write"]],
  ["auditor", READING],
  // Brings configuration as code.
  ["deployer", ["clients:read", "clients:write", "policies:read", "policies:write", "roles:read", "roles:write"]],
]);
