// What an experiment says last: one line of JSON, and an exit code that agrees with it.

import type { Plot } from "../scripts/plot.ts";

export const PROMISES = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12"] as const;
export type Promised = (typeof PROMISES)[number];

/** What a run can add to others of the same experiment: a size that no machine is free for at once is reached in pieces (pieces.ts). */
export interface Counted {
  /** By names in the plural: { kills: 30, "rotations acknowledged": 2824 }. */
  readonly sums: Readonly<Record<string, number>>;
  /** Of these the largest is what counts. */
  readonly most?: Readonly<Record<string, number>>;
  /** What was gone through, from the first on and before the end: runs that share a part of it count once. `of` names a seed, a store or both. */
  readonly ground: { readonly of: string; readonly from: number; readonly end: number };
}

export interface ProofLine {
  /** The experiment's id in experiments.ts. */
  readonly id: string;
  /** One of PROMISES, or several with spaces between them. */
  readonly promise: string;
  /** What was measured, in one clause that means something without the rest: "300 kills, 104,212 acknowledged, 0 lost". */
  readonly figure: string;
  /** What the broken variant of the same run did. */
  readonly control: string;
  /** By which the run can be repeated; "none" where time and the scheduler decide. */
  readonly seeds: string;
  readonly notShown: readonly string[];
  /** Whether the promise held *and* the control failed. */
  readonly passed: boolean;
  readonly counted?: Counted;
  /** Where seed and history of a failure are kept. */
  readonly kept?: string;
  /** Drawn into docs/proof/{id}-{name}.svg; the name has lower-case letters, digits and hyphens. */
  readonly plots?: Readonly<Record<string, Plot>>;
}

const PREFIX = "proof: ";

/** The last thing that a program says. Makes it exit with 1 where it did not pass. */
export function sayProof(line: ProofLine): void {
  if (!line.passed) process.exitCode = 1;
  console.log(`${PREFIX}${JSON.stringify(line)}`);
}

/** Throws an Error that says what is wrong with it. Other lines may stand before the last. */
export function readProof(output: string): ProofLine {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith(PREFIX)) throw new Error(`its last line does not begin with "${PREFIX.trim()}"`);
  const line: unknown = JSON.parse(last.slice(PREFIX.length));
  const wrong = wrongWith(line);
  if (wrong !== undefined) throw new Error(wrong);
  return line as ProofLine;
}

export function promisesOf({ promise }: Pick<ProofLine, "promise">): readonly Promised[] {
  return promise.split(" ").map((word) => {
    const found = PROMISES.find((one) => one === word);
    if (found === undefined) throw new Error(`"${word}" is no promise; they are separated by one space`);
    return found;
  });
}

function wrongWith(line: unknown): string | undefined {
  if (typeof line !== "object" || line === null) return "its proof is no object";
  const given: Readonly<Record<string, unknown>> = { ...line };
  for (const name of ["id", "promise", "figure", "control", "seeds"] as const) {
    const text = given[name];
    if (typeof text !== "string" || text === "" || text.includes("\n")) return `"${name}" has to be one line of text`;
  }
  const { notShown, passed, kept, plots, counted } = given;
  if (!Array.isArray(notShown) || notShown.some((one) => typeof one !== "string")) return '"notShown" has to be texts';
  if (typeof passed !== "boolean") return '"passed" has to be true or false';
  if (kept !== undefined && typeof kept !== "string") return '"kept" has to be a text';
  if (plots !== undefined && (typeof plots !== "object" || plots === null)) return '"plots" has to be an object';
  if (counted !== undefined && !isCounted(counted)) return '"counted" has to be whole numbers and the ground of them';
  const odd = Object.keys(plots ?? {}).find((name) => !/^[a-z0-9-]+$/.test(name));
  return odd === undefined ? undefined : `"${odd}" can't name a plot`;
}

function isCounted(counted: unknown): counted is Counted {
  if (typeof counted !== "object" || counted === null) return false;
  const { sums, most = {}, ground }: Readonly<Record<string, unknown>> = { ...counted };
  const isNumbers = (one: unknown): boolean =>
    typeof one === "object" &&
    one !== null &&
    Object.values(one).every((number) => Number.isSafeInteger(number) && number >= 0);
  if (typeof ground !== "object" || ground === null) return false;
  const { of, ...range }: Readonly<Record<string, unknown>> = { ...ground };
  const isRange = Object.keys(range).toSorted().join(" ") === "end from" && isNumbers(range);
  return isNumbers(sums) && isNumbers(most) && typeof of === "string" && isRange;
}
