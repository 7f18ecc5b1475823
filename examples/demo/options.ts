// What the demo is told, and what stands otherwise.

import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly subjects: number;
  /** Requests per second, all verifiers together. */
  readonly rate: number;
  /** Revocations that are measured: sessions, subjects and families in turn. */
  readonly revocations: number;
  /** M of the demo's verifiers, in milliseconds. */
  readonly maxStalenessMs: number;
  readonly json: boolean;
}

const NUMBERS = {
  subjects: [1000, 20, 100_000],
  rate: [600, 10, 20_000],
  revocations: [150, 3, 10_000],
  staleness: [5000, 1000, 60_000],
} as const;

/** Throws a RangeError that names the option. */
export function readOptions(words: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      subjects: { type: "string" },
      rate: { type: "string" },
      revocations: { type: "string" },
      staleness: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const number = (name: keyof typeof NUMBERS): number => {
    const [otherwise, least, most] = NUMBERS[name];
    const value = Number(values[name] ?? otherwise);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`--${name} has to be a whole number from ${least} to ${most}`);
    }
    return value;
  };
  const subjects = number("subjects");
  const revocations = number("revocations");
  if (revocations > subjects / 2) throw new RangeError("--revocations has to be at most half of --subjects");
  return {
    subjects,
    rate: number("rate"),
    revocations,
    maxStalenessMs: number("staleness"),
    json: values.json === true,
  };
}
