// How far a run is: that of a large revocation, or the counting of what a client's cut-off took. It stands in the revocation's row, so that
// whoever goes on after a crash begins where it stopped.

import type { Position } from "@hallpass/protocol";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { type AnyTarget, isLarge } from "./target.ts";

export interface LargeRun {
  /** `incomplete`: it is over, and some sessions could not be read: nobody knows whether they were meant. */
  readonly status: "running" | "complete" | "incomplete";
  /** The position with which it began: sessions that were opened after it are outside. Null until the first step has read it. */
  readonly began: Position | null;
  /** When it was asked for. */
  readonly since: Instant;
  /** Every session up to this one is settled. */
  readonly reached: SessionId | null;
  /** Rows that were looked at. */
  readonly scanned: number;
  /** Rows that could not be read; absent for none. Which ones stands in rows of their own. */
  readonly unreadable?: number;
  /** Of a revocation of clients: the cut-offs that held before. What they had taken is not counted again. */
  readonly clients?: readonly { readonly id: ClientId; readonly cut: Position | null }[];
  /** Somebody whom its query may name was erased: its words go when it is over. */
  readonly forget?: true;
}

export function notBegun(since: Instant): LargeRun {
  return { status: "running", began: null, since, reached: null, scanned: 0 };
}

/** Whether its first change took everything, so that a run only writes down and counts. */
export function tookAtOnce(targets: readonly AnyTarget[]): boolean {
  return !targets.some((target) => isLarge(target) && target.kind !== "tenant");
}

interface Ran {
  readonly targets: readonly AnyTarget[];
  readonly run?: LargeRun;
}

/** What a receipt says. A cut-off of clients is complete with its commit, whatever is still counted. */
export function statusOf({ targets, run }: Ran): LargeRun["status"] {
  return run === undefined || !targets.some(isLarge) ? "complete" : run.status;
}

export function isCounting({ targets, run }: Ran): boolean {
  return run?.status === "running" && !targets.some(isLarge);
}
