// The rows of the table of endpoints that are about subjects.

import type { ScopedEndpoint } from "../endpoint.ts";
import * as subjects from "./index.ts";

const reader: ScopedEndpoint["from"] = { kind: "scope", scope: "subjects:read" };
const writer: ScopedEndpoint["from"] = { kind: "scope", scope: "subjects:write" };

export const SUBJECT_ROWS: readonly ScopedEndpoint[] = [
  {
    method: "POST",
    path: "/v1/subjects/search",
    what: "The reference by which the other paths name a subject, and whether it is blocked.",
    from: reader,
    operation: "readSubject",
    file: "subjects/search.ts",
    surface: "v1",
    answer: subjects.search,
    body: subjects.searchBody,
  },
  {
    method: "GET",
    path: "/v1/subjects/:ref",
    what: "Whether a subject is blocked, and which of its sessions live.",
    from: reader,
    operation: "readSubject",
    file: "subjects/read.ts",
    surface: "v1",
    answer: subjects.read,
  },
  {
    method: "POST",
    path: "/v1/subjects/:ref/block",
    what: "Ends everything of a subject and lets nothing new begin; answers with a receipt.",
    from: writer,
    operation: "blockSubject",
    file: "subjects/block.ts",
    surface: "v1",
    retry: "answer",
    answer: subjects.block,
    body: subjects.blockBody,
  },
  {
    method: "POST",
    path: "/v1/subjects/:ref/unblock",
    what: "Lets a subject sign in again.",
    from: writer,
    operation: "unblockSubject",
    file: "subjects/unblock.ts",
    surface: "v1",
    retry: "answer",
    answer: subjects.unblock,
    body: subjects.unblockBody,
  },
  {
    method: "POST",
    path: "/v1/subjects/:ref/export",
    what: "Everything that is stored about a subject, a page at a time.",
    from: reader,
    operation: "exportSubject",
    file: "subjects/export.ts",
    surface: "v1",
    answer: subjects.exportAll,
    body: subjects.exportAllBody,
  },
  {
    method: "POST",
    path: "/v1/subjects/:ref/erase",
    what: "Ends everything of a subject and erases what is stored about it, a step at a time.",
    from: writer,
    operation: "beginErasure, eraseSubject",
    file: "subjects/erase.ts",
    surface: "v1",
    retry: "answer",
    answer: subjects.erase,
    body: subjects.eraseBody,
  },
];
