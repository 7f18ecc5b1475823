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
  /** `accept` gives up what the demo shows: it then says which of its claims are not true, and fails. */
  readonly onStale: "unavailable" | "accept";
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
      "on-stale": { type: "string" },
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
  const onStale = values["on-stale"] ?? "unavailable";
  if (onStale !== "unavailable" && onStale !== "accept") {
    throw new RangeError("--on-stale has to be unavailable or accept");
  }
  return {
    subjects,
    rate: number("rate"),
    revocations,
    maxStalenessMs: number("staleness"),
    onStale,
    json: values.json === true,
  };
}
