// The schedule of a run: what is tried when. A step names no one; who and how much it draws from a stream of its own when
// it runs, so that a schedule with steps left out is still the same for all the others.

import { SeededDice } from "./world/seeded-dice.ts";

/** How often each is tried, relative to the others. */
const WEIGHTS = {
  open: 5,
  open_child: 2,
  refresh: 34,
  refresh_two_tabs: 5,
  probe: 16,
  forge: 2,
  steal: 3,
  thieve: 4,
  replay: 3,
  revoke_session: 2,
  revoke_family: 1.5,
  revoke_token: 2,
  revoke_subject: 2,
  revoke_client: 0.7,
  revoke_tenant: 0.2,
  alter: 2.5,
  read_receipt: 2,
  client_token: 2,
  rotate_keys: 0.7,
  compromise_key: 0.6,
  tend_keys: 2,
  start_epoch: 0.3,
  sweep: 3,
  hold_line: 3,
  sever_line: 1.5,
  slow_line: 2.5,
  lose_frame: 2,
  repeat_frame: 1.5,
  slow_store: 2,
  faulty_store: 2.5,
  cut_store: 0.8,
  pause_node: 1.5,
  pause_verifier: 1.5,
  crash_node: 1,
  crash_verifier: 0.7,
  jump_verifier: 2.5,
  jump_node: 0.7,
  // Not by default: see planOf.
  jump_store: 0,
  // In the whole world alone: see WHOLE.
  read_session: 0,
  use_session_token: 0,
  rotate_session_token: 0,
  raise_assurance: 0,
  edit_policy: 0,
  apply_policy: 0,
} as const;

const WHOLE = {
  read_session: 6,
  use_session_token: 6,
  rotate_session_token: 2.5,
  raise_assurance: 1.5,
  edit_policy: 1,
  apply_policy: 1,
} as const;

export type StepKind = keyof typeof WEIGHTS;

export interface Step {
  readonly id: number;
  /** True time. */
  readonly at: number;
  readonly kind: StepKind;
}

export interface Plan {
  readonly seed: number;
  readonly world: WorldName;
  readonly steps: readonly Step[];
  /** True time at which every fault is over. */
  readonly healAt: number;
  readonly endAt: number;
}

/** `small`: two nodes and eight clients. `whole`: three nodes, twenty clients with session tokens, a verifier that pulls, policies that change, and steps for ten minutes. */
export type WorldName = "small" | "whole";

export const USUAL_STEPS: Readonly<Record<WorldName, number>> = { small: 300, whole: 2000 };

/** On average, so that sessions, tokens and notices live and end within a run. */
const STEP_EVERY_MS = 350;
const QUIET_MS = 45_000;

export interface PlanOptions {
  /** Lets the store's clock jump, too. Promises that rest on it are known to break then: docs/guides/simulation.md. */
  readonly storeClockJumps?: boolean;
  readonly world?: WorldName;
}

export function planOf(
  seed: number,
  count: number,
  { storeClockJumps = false, world = "small" }: PlanOptions = {},
): Plan {
  const dice = new SeededDice(`plan ${seed}`);
  const weights = { ...WEIGHTS, ...(world === "whole" ? WHOLE : {}), jump_store: storeClockJumps ? 1.5 : 0 };
  const kinds = Object.entries(weights).map(([kind, weight]) => ({ kind: kind as StepKind, weight: weight * 10 }));
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const steps: Step[] = [];
  let at = 3000;
  for (let id = 0; id < count; id += 1) {
    // Things come in bursts: half of the steps follow at once.
    at += dice.chance(50) ? dice.between(0, 60) : dice.between(0, 4 * STEP_EVERY_MS - 120);
    let mark = dice.below(total);
    const found = kinds.find(({ weight }) => (mark -= weight) < 0);
    steps.push({ id, at, kind: found?.kind ?? "refresh" });
  }
  return { seed, world, steps, healAt: at + 1000, endAt: at + 1000 + QUIET_MS };
}
