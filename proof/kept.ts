// What is kept of an experiment: its last line, and how it was run. One file for each in proof/results/; and one for those that were run in
// pieces, because a whole run takes longer than a machine is free, with a row for each piece. pieces.ts adds them up.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXPERIMENTS, SIZES, type Size } from "./experiments.ts";
import type { ProofLine } from "./line.ts";

export interface Ran {
  readonly line: ProofLine;
  readonly command: string;
  /** YYYY-MM-DD, UTC. */
  readonly date: string;
  readonly seconds: number;
}

export interface Kept extends Ran {
  readonly size: Size;
}

export interface Piece extends Ran {
  /** The commit whose program it was. */
  readonly version: string;
}

const directory = join(import.meta.dirname, "results");
const fileOf = (id: string): string => join(directory, `${id}.json`);
const piecesOf = (id: string): string => join(directory, `${id}-pieces.json`);

export function keptOf(id: string): Kept | undefined {
  const file = fileOf(id);
  if (!existsSync(file)) return undefined;
  // Written by keep(), and read by people in a diff.
  return JSON.parse(readFileSync(file, "utf8")) as Kept;
}

/** In the order of the table. */
export function allKept(): ReadonlyMap<string, Kept> {
  return new Map(
    EXPERIMENTS.flatMap(({ id }) => {
      const kept = keptOf(id);
      return kept === undefined ? [] : [[id, kept] as const];
    }),
  );
}

/** A success of a smaller size says less than what is there: false, and nothing is changed. A failure is always kept. */
export function keep(kept: Kept): boolean {
  const before = keptOf(kept.line.id);
  const smaller = before !== undefined && SIZES.indexOf(kept.size) < SIZES.indexOf(before.size);
  if (smaller && before.line.passed && kept.line.passed) return false;
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(kept.line.id), `${JSON.stringify(kept, null, 2)}\n`);
  return true;
}

/** Every one, and every failure: nothing gives its place to another. Plots are drawn of whole runs only. */
export function keepPiece(piece: Piece): void {
  mkdirSync(directory, { recursive: true });
  const file = piecesOf(piece.line.id);
  const { plots: _, ...line } = piece.line;
  writeFileSync(file, `${JSON.stringify([...readPieces(file), { ...piece, line }], null, 2)}\n`);
}

/** In the order of the table, and of each as they were run. */
export function allPieces(): readonly Piece[] {
  return EXPERIMENTS.flatMap(({ id }) => readPieces(piecesOf(id)));
}

function readPieces(file: string): readonly Piece[] {
  // Written by keepPiece().
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly Piece[]) : [];
}
