// Adds up the pieces in which an experiment was run: those of one commit, each of which has passed with its own control, and each part of the
// ground once. A single piece that failed is a failure of them all.

import type { Experiment } from "./experiments.ts";
import type { Piece } from "./kept.ts";
import type { Counted } from "./line.ts";

export interface Sum {
  readonly version: string;
  /** Those that count. */
  readonly pieces: readonly Piece[];
  readonly failed: readonly Piece[];
  readonly sums: ReadonlyMap<string, number>;
  readonly most: ReadonlyMap<string, number>;
  /** What is missing to the full size: "120 of 300 kills". Empty where it was reached. */
  readonly missing: readonly string[];
}

/** Of the version that got furthest; undefined where nothing was run in pieces. */
export function sumOf(experiment: Experiment, pieces: readonly Piece[]): Sum | undefined {
  return sumsOf(experiment, pieces)[0];
}

/** Of each version one: that which got furthest first. */
export function sumsOf(experiment: Experiment, pieces: readonly Piece[]): readonly Sum[] {
  const own = pieces.filter(({ line }) => line.id === experiment.id);
  const versions = [...new Set(own.map(({ version }) => version))];
  const sums = versions.map((version) => added(experiment, version, own));
  const [first] = Object.keys(experiment.whole ?? {});
  const far = (sum: Sum): number => (first === undefined ? 0 : (sum.sums.get(first) ?? 0));
  return sums.toSorted((a, b) => far(b) - far(a));
}

function added({ whole = {} }: Experiment, version: string, own: readonly Piece[]): Sum {
  const all = own.filter((piece) => piece.version === version);
  const failed = all.filter(({ line }) => !line.passed);
  const pieces = apart(all.filter(({ line }) => line.passed));
  const sums = new Map<string, number>();
  const most = new Map<string, number>();
  for (const { line } of pieces) {
    for (const [name, count] of Object.entries(line.counted?.sums ?? {})) sums.set(name, (sums.get(name) ?? 0) + count);
    for (const [name, count] of Object.entries(line.counted?.most ?? {}))
      most.set(name, Math.max(most.get(name) ?? 0, count));
  }
  const missing = Object.entries(whole).flatMap(([name, wanted]) => {
    const there = sums.get(name) ?? 0;
    return there >= wanted ? [] : [`${told(there)} of ${told(wanted)} ${name}`];
  });
  return { version, pieces, failed, sums, most, missing };
}

/** Of pieces that went over the same ground the one that went furthest; what does not say where it went counts for nothing. */
function apart(pieces: readonly Piece[]): readonly Piece[] {
  const far = (piece: Piece): number => lengthOf(piece.line.counted?.ground);
  const chosen: Piece[] = [];
  for (const piece of pieces.toSorted((a, b) => far(b) - far(a))) {
    const { ground } = piece.line.counted ?? {};
    if (ground === undefined) continue;
    const isGone = chosen.some(({ line }) => meets(line.counted?.ground, ground));
    if (!isGone) chosen.push(piece);
  }
  return pieces.filter((piece) => chosen.includes(piece));
}

function meets(one: Counted["ground"] | undefined, other: Counted["ground"]): boolean {
  return one !== undefined && one.of === other.of && one.from < other.end && other.from < one.end;
}

function lengthOf(ground: Counted["ground"] | undefined): number {
  return ground === undefined ? 0 : ground.end - ground.from;
}

export function told(count: number): string {
  return count.toLocaleString("en");
}
