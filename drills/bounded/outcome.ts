// What became of each revocation, and whether it kept what is promised. All times are of the machine's monotonic clock, in milliseconds.

import type { Receipt } from "@hallpass/protocol";
import type { LineFault, ProcessFault } from "./schedule.ts";
import type { Shown } from "./verifying.ts";

export interface Read {
  readonly receipt: Receipt;
  /** When its answer was there. */
  readonly at: number;
}

export interface Outcome {
  readonly schedule: string;
  readonly lane: number;
  /** What happened to its process, to a node or to the proxy meanwhile; otherwise to its line. */
  readonly kind: ProcessFault | LineFault;
  readonly target: string;
  readonly acknowledged: number;
  readonly reads: readonly Read[];
  readonly shown: Shown;
}

export interface Broken {
  readonly promise: "P2-late-accept" | "P2-receipt-too-early";
  readonly detail: string;
  readonly outcome: Outcome;
}

/** Milliseconds: the wall clock that receipts speak of counts whole ones, and is compared with another clock here. */
const CLOCKS_AGREE = 2;

/** `wallAhead`: the machine's wall clock minus its monotonic one. */
export function brokenBy(outcome: Outcome, m: number, wallAhead: number): readonly Broken[] {
  const { shown, acknowledged, lane, reads } = outcome;
  const { lastAccept } = shown;
  if (lastAccept === null) return [];
  const broken: Broken[] = [];
  if (lastAccept > acknowledged + m) {
    const late = (lastAccept - acknowledged - m).toFixed(1);
    broken.push({ promise: "P2-late-accept", detail: `accepted ${late} ms after acknowledgement + M`, outcome });
  }
  for (const { receipt } of reads) {
    const row = receipt.services.find(({ service }) => service === `lane-${lane}`);
    // A verifier that is enforced, or not named, accepts nothing from the moment on of which the receipt speaks.
    const refusesBy = row === undefined || row.enforced === row.verifiers ? receipt.as_of_ms : row.refuses_by_ms;
    if (refusesBy === null) continue;
    const late = lastAccept - (refusesBy - wallAhead);
    if (late <= CLOCKS_AGREE) continue;
    const said = row === undefined ? "names nobody" : `says ${row.enforced} of ${row.verifiers} enforced`;
    const detail = `accepted ${late.toFixed(1)} ms after what a receipt had promised, which ${said}`;
    broken.push({ promise: "P2-receipt-too-early", detail, outcome });
  }
  return broken;
}

/**
 * Milliseconds from the acknowledgement to the last question that was answered with yes; 0 for one that came before it. Undefined where the
 * token was never accepted.
 */
export function acceptedFor({ shown: { lastAccept }, acknowledged }: Outcome): number | undefined {
  return lastAccept === null ? undefined : Math.max(0, lastAccept - acknowledged);
}
