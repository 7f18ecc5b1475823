// The rows of the log and of the audit, for the table of endpoints.

import * as audit from "../audit/index.ts";
import type { ScopedEndpoint } from "../endpoint.ts";
import { PAGE_QUERY } from "../page-query.ts";
import type { Scope } from "../scopes.ts";
import { LOG_QUERY, read, search, searchBody } from "./read.ts";
import { readers } from "./readers.ts";

const holder = (scope: Scope): ScopedEndpoint["from"] => ({ kind: "scope", scope });

export const LOG_ROWS: readonly ScopedEndpoint[] = [
  {
    method: "GET",
    path: "/v1/log",
    what: "What happened, in its order; with `follow` it waits for the next; as `application/x-ndjson`, an open stream (spec/log.md).",
    from: holder("log:read"),
    operation: "none",
    file: "log/read.ts",
    surface: "v1",
    query: LOG_QUERY,
    answer: read,
  },
  {
    method: "POST",
    path: "/v1/log",
    what: "The same, of one subject.",
    from: holder("log:read"),
    operation: "none",
    file: "log/read.ts",
    surface: "v1",
    answer: search,
    body: searchBody,
  },
  {
    method: "GET",
    path: "/v1/log/readers",
    what: "Who reads the facts, how far each is, and what it could not take.",
    from: holder("log:read"),
    operation: "listReaders",
    file: "log/readers.ts",
    surface: "v1",
    answer: readers,
  },
  {
    method: "GET",
    path: "/v1/audit",
    what: "The records of the audit with their hashes.",
    from: holder("audit:read"),
    operation: "readAudit",
    file: "audit/records.ts",
    surface: "v1",
    query: audit.AUDIT_QUERY,
    answer: audit.records,
  },
  {
    method: "GET",
    path: "/v1/audit/checkpoints",
    what: "Where the audit's chain ended, signed, oldest first.",
    from: holder("audit:read"),
    operation: "readCheckpoints",
    file: "audit/checkpoints.ts",
    surface: "v1",
    query: PAGE_QUERY,
    answer: audit.checkpoints,
  },
  {
    method: "POST",
    path: "/v1/audit/checkpoints",
    what: "Chains what was committed before the call, and signs where the chain ends.",
    from: holder("audit:read"),
    operation: "signCheckpoint",
    file: "audit/checkpoints.ts",
    surface: "v1",
    answer: audit.sign,
    body: "none",
  },
];
