// Which changes the revocation journal keeps (spec/journal.md): whatever takes something away, and whatever changes whom and what is trusted.
// A backup is older than they are, and what they took must not come back with it. Openings and refreshes are not kept: a session
// that is lost is opened again, and a generation that is lost is continued (spec/refresh-token.md).

import type { Change, RowKind } from "../store/store.ts";

const TRUSTED: ReadonlySet<RowKind> = new Set<RowKind>([
  "subject",
  "client",
  "keys",
  "issuer",
  "policy",
  "policy_version",
]);

export function isJournaled({ rows, notices }: Change): boolean {
  if (notices.length > 0) return true;
  let touches = false;
  for (const { key, expect, next } of rows) {
    // An opening writes its subject's row, too.
    if (key.kind === "session" && expect === "absent") return false;
    touches ||= next !== "same" && TRUSTED.has(key.kind);
  }
  return touches;
}
