// What happens in one lane, drawn from a seed: what the line between one verifier and the nodes does, when three tokens are revoked and by
// what, and when their receipts are read again. A lane is one verifier with a service of its own, behind a port of its own at the proxy.

import { SeededDice } from "../simulation/world/seeded-dice.ts";

/** Milliseconds from the beginning of the schedule, when all three tokens are accepted. */
export type At = number;

export const LINE_FAULTS = [
  "none",
  "delayed",
  "held",
  "dark",
  "dark to the node",
  "dark to the verifier",
  "slow, then dark",
  "cut",
  "repeated",
  "overtaken",
] as const;

export type LineFault = (typeof LINE_FAULTS)[number];

export type TargetKind = "session" | "family" | "token" | "subject";

export interface PlannedRevocation {
  readonly at: At;
  readonly target: TargetKind;
  /** Milliseconds after the acknowledgement. */
  readonly readAgain: readonly number[];
}

export interface Schedule {
  readonly name: string;
  readonly fault: LineFault;
  readonly from: At;
  readonly forMs: number;
  /** Of each direction, for what is delayed. */
  readonly delayMs: number;
  readonly revocations: readonly PlannedRevocation[];
}

/** A line that is slow and then dark is slow for this share of its time. */
export const SLOW_SHARE = 0.5;

/** `fault`: that one, for a control. */
export function scheduleOf(seed: string, index: number, m: number, fault?: LineFault): Schedule {
  const dice = new SeededDice(`${seed} ${index}`);
  const drawn = fault ?? dice.pick(LINE_FAULTS);
  const from = dice.between(50, 400);
  const forMs = fault === undefined ? dice.between(100, Math.round(2.4 * m)) : Math.round(2.4 * m);
  const delayMs = dice.between(Math.round((fault === undefined ? 0.02 : 0.3) * m), Math.round(0.6 * m));
  const revocations = Array.from({ length: 3 }, (): PlannedRevocation => {
    // Before it, as it begins, in it, and just after it; and where notices are under way when the line goes dark.
    const dark = Math.round(from + SLOW_SHARE * forMs);
    const at =
      drawn === "slow, then dark"
        ? Math.max(from, dice.between(dark - delayMs, dark))
        : Math.max(0, dice.between(from - 150, from + Math.min(forMs + 100, m)));
    return {
      at,
      target: dice.pick(["session", "session", "family", "token", "subject"] as const),
      readAgain: [dice.between(0, 200), dice.between(200, m + 200)],
    };
  });
  return { name: `${seed} ${index}`, fault: drawn, from, forMs, delayMs, revocations };
}

/** What happens to whole processes meanwhile, one thing after the other. */
export const PROCESS_FAULTS = [
  "verifiers stopped",
  "verifiers asleep",
  "wall clock jumps",
  "wall clock jumps while stopped",
  "node stopped",
  "proxy stopped",
] as const;

export type ProcessFault = (typeof PROCESS_FAULTS)[number];

export interface Weather {
  readonly fault: ProcessFault;
  /** Nothing happens for so long before it. */
  readonly afterMs: number;
  readonly forMs: number;
  readonly jumpSeconds: number;
  /** Which of the processes of its kind. */
  readonly which: number;
}

export function weatherOf(seed: string, index: number, m: number): Weather {
  const dice = new SeededDice(`${seed} weather ${index}`);
  return {
    fault: dice.pick(PROCESS_FAULTS),
    afterMs: dice.between(100, 2 * m),
    forMs: dice.between(50, Math.round(2.2 * m)),
    jumpSeconds: dice.pick([1, 5, 60, 3600]) * dice.pick([1, -1]),
    which: dice.below(60),
  };
}
