// The rows of roles in the table of endpoints.

import type { ScopedEndpoint } from "../endpoint.ts";
import type { Scope } from "../scopes.ts";
import * as roles from "./index.ts";

const holder = (scope: Scope): ScopedEndpoint["from"] => ({ kind: "scope", scope });

export const ROLE_ROWS: readonly ScopedEndpoint[] = [
  {
    method: "GET",
    path: "/v1/roles",
    what: "Every role, with the scopes that it gives.",
    from: holder("roles:read"),
    operation: "readRoles",
    file: "roles/list.ts",
    surface: "v1",
    mandate: "free",
    answer: roles.list,
  },
  {
    method: "PUT",
    path: "/v1/roles/:name",
    what: "What a role gives from now on, to everyone who has it.",
    from: holder("roles:write"),
    operation: "changeRole",
    file: "roles/put.ts",
    surface: "v1",
    retry: "answer",
    answer: roles.put,
    body: roles.putBody,
  },
  {
    method: "DELETE",
    path: "/v1/roles/:name",
    what: "Removes a role: whoever has it has nothing of it any more.",
    from: holder("roles:write"),
    operation: "changeRole",
    file: "roles/remove.ts",
    surface: "v1",
    retry: "answer",
    answer: roles.remove,
  },
];
