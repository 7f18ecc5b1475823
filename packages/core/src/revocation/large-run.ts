// How far a large revocation is. It stands in the revocation's row, so that a run that was killed goes on where it stopped.

import type { Position } from "@hallpass/protocol";
import type { SessionId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";

export interface LargeRun {
  readonly status: "running" | "complete";
  /** The position with which it began: sessions that were opened after it are outside. Null until the first step has read it. */
  readonly began: Position | null;
  /** When it was asked for. */
  readonly since: Instant;
  /** Every session up to this one is settled. */
  readonly reached: SessionId | null;
  /** Rows that were looked at. */
  readonly scanned: number;
}

export function notBegun(since: Instant): LargeRun {
  return { status: "running", began: null, since, reached: null, scanned: 0 };
}
