// The rows of the table of endpoints that are about policies.

import type { ScopedEndpoint } from "../endpoint.ts";
import { PAGE_QUERY } from "../page-query.ts";
import * as policies from "./index.ts";

const reader: ScopedEndpoint["from"] = { kind: "scope", scope: "policies:read" };
const writer: ScopedEndpoint["from"] = { kind: "scope", scope: "policies:write" };

export const POLICY_ROWS: readonly ScopedEndpoint[] = [
  {
    method: "GET",
    path: "/v1/policies",
    what: "Every policy as it holds now, by name.",
    from: reader,
    operation: "listPolicies",
    file: "policies/list.ts",
    surface: "v1",
    mandate: "free",
    query: PAGE_QUERY,
    answer: policies.list,
  },
  {
    method: "GET",
    path: "/v1/policies/:name",
    what: "One policy as it holds now.",
    from: reader,
    operation: "readPolicy",
    file: "policies/read.ts",
    surface: "v1",
    mandate: "free",
    answer: policies.read,
  },
  {
    method: "GET",
    path: "/v1/policies/:name/versions",
    what: "Every version there was, oldest first.",
    from: reader,
    operation: "listPolicyVersions",
    file: "policies/versions.ts",
    surface: "v1",
    mandate: "free",
    query: PAGE_QUERY,
    answer: policies.versions,
  },
  {
    method: "POST",
    path: "/v1/policies/:name/versions",
    what: "Puts a new version: for sessions that are opened from now on.",
    from: writer,
    operation: "putPolicy",
    file: "policies/put.ts",
    surface: "v1",
    answer: policies.put,
  },
  {
    method: "POST",
    path: "/v1/policies/:name/preview",
    what: "What an edit would do to live sessions, if it were put and applied; writes nothing.",
    from: reader,
    operation: "previewPolicy",
    file: "policies/preview.ts",
    surface: "v1",
    answer: policies.preview,
  },
  {
    method: "POST",
    path: "/v1/policies/:name/apply",
    what: "Brings the version that holds to live sessions, a step at a time.",
    from: writer,
    operation: "applyPolicy",
    file: "policies/apply.ts",
    surface: "v1",
    answer: policies.apply,
  },
  {
    method: "GET",
    path: "/v1/clients/:id/policy",
    what: "Every number that a session opened by this client would get, and where it comes from.",
    from: reader,
    operation: "explainClientPolicy",
    file: "policies/explain.ts",
    surface: "v1",
    answer: policies.ofClient,
  },
  {
    method: "GET",
    path: "/v1/sessions/:id/policy",
    what: "Every number that holds for a session, and where it comes from.",
    from: reader,
    operation: "explainSessionPolicy",
    file: "policies/explain.ts",
    surface: "v1",
    mandate: "session",
    answer: policies.ofSession,
  },
];
