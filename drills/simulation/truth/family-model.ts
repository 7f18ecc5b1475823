// What a family is, told by the rules of spec/refresh-token.md alone: a second, slower telling than core's, so that a
// mistake would have to be made twice. It learns of rotations from commits and never reads what core wrote about windows.

import type { Policy } from "@hallpass/core";

export interface FamilyModel {
  readonly client: string;
  readonly generation: number;
  /** By the store's clock, when it was decided. */
  readonly rotatedAt: number;
  /** The generation that the current one came from; null before the first rotation. */
  readonly predecessor: number | null;
  /** When each generation was superseded by a rotation; those that a recovery displaced are not in it. */
  readonly superseded: ReadonlyMap<number, number>;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly ended: boolean;
}

export type Expected = "rotated" | "retried" | "recovered" | "superseded" | "reused" | "ahead";

/** RT-O4 to RT-O8, for a family that stands. */
export function expectedFor(family: FamilyModel, generation: number, now: number, policy: Policy): Expected {
  if (generation > family.generation) return "ahead";
  if (generation === family.generation) return "rotated";
  const since = family.superseded.get(generation);
  if (generation === family.predecessor) {
    if (now < family.rotatedAt + policy.retryWindow * 1000) return "retried";
    if (since !== undefined && now < since + policy.recoveryWindow * 1000) return "recovered";
    return "reused";
  }
  const remembered = [...family.superseded.keys()].toSorted((a, b) => b - a).slice(0, 4);
  const young = since !== undefined && now < since + policy.retryWindow * 1000;
  return young && remembered.includes(generation) ? "superseded" : "reused";
}

export function rotatedFrom(family: FamilyModel, generation: number, now: number): FamilyModel {
  return {
    ...family,
    generation: generation + 1,
    rotatedAt: now,
    predecessor: generation,
    superseded: new Map([...family.superseded, [generation, now]]),
  };
}

export function recoveredFrom(family: FamilyModel, now: number): FamilyModel {
  return { ...family, generation: family.generation + 1, rotatedAt: now };
}
