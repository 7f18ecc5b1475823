// What stands for a session where traces and logs are read by more people than sessions are: the same for one session everywhere, and no
// way back to it (spec/tracing.md TRC-1).

import { createHash } from "node:crypto";

const LENGTH = 16;

/** 16 characters of base64url. */
export function sessionRef(session: string): string {
  return createHash("sha256").update(`hallpass/session-ref/1\0${session}`).digest("base64url").slice(0, LENGTH);
}
