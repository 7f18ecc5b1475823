// What docs/proof.md says of experiments that were run in pieces: their sum in the experiment's row, and a table of the pieces.

import { EXPERIMENTS, type Experiment } from "./experiments.ts";
import type { Piece } from "./kept.ts";
import { type Sum, sumsOf, told } from "./pieces.ts";
import { table } from "./table.ts";

/** "300 kills, 0 lost; at most 31 ms until it served again; full size reached in 12 pieces". */
export function figureOfSum({ sums, most, missing, failed, pieces }: Sum): string {
  const counts = [...sums].map(([name, count]) => `${told(count)} ${name}`).join(", ");
  const largest = [...most].map(([name, count]) => `; at most ${told(count)} ${name}`).join("");
  const size = missing.length === 0 ? "full size reached" : `full size **not reached**: ${missing.join(", ")}`;
  const broken = failed.map(({ line }) => `**failed**: ${line.figure}; `).join("");
  return `${broken}${counts}${largest}; ${size}, in ${pieces.length === 1 ? "one piece" : `${pieces.length} pieces`}`;
}

/** Figure, control, command, seeds, when: as of a run in one piece. */
export function cellsOfSum(sum: Sum): readonly string[] {
  const { pieces, version, missing } = sum;
  const [last] = pieces.slice(-1);
  const dates = [...new Set(pieces.map(({ date }) => date))].toSorted();
  const seconds = pieces.reduce((all, piece) => all + piece.seconds, 0);
  const [from, to = from] = [dates[0], dates.at(-1)];
  return [
    figureOfSum(sum),
    `in each piece; the last: ${last?.line.control ?? "none"}`,
    "[in pieces](#in-pieces)",
    shortened([...new Set(pieces.map(({ line }) => line.counted?.ground.of ?? ""))]),
    `${from === to ? from : `${from} to ${to}`}, ${missing.length === 0 ? "full" : "in part"}, ${seconds} s, commit \`${version}\``,
  ];
}

/** A few in full; of many the first and the last, because each stands in the table of pieces. */
export function shortened(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names[0]} to ${names.at(-1)}, ${names.length} in all`;
}

export function piecesTable(pieces: readonly Piece[]): readonly string[] {
  const all = EXPERIMENTS.map((experiment) => ({ experiment, sums: sumsOf(experiment, pieces) }));
  const furthest = all.flatMap(({ sums }) => sums.slice(0, 1));
  const others = all.flatMap(({ experiment, sums }) => sums.slice(1).map((sum) => otherCommit(experiment, sum)));
  const rows = furthest.flatMap(({ pieces: own, failed }) =>
    [...own, ...failed].map(({ line, command, date, seconds, version }) => [
      `**${line.id}**`,
      line.passed ? line.figure : `**failed**: ${line.figure}`,
      line.control,
      `\`${command}\``,
      `${date}, ${seconds} s, \`${version}\``,
    ]),
  );
  if (rows.length === 0) return [];
  return [
    "## In pieces",
    'What takes longer than a machine is free is run with `npm run proof -- --only id --piece="flags"`, each piece with its own control. Pieces of one commit are added up, each part of the ground once; those of another commit are not.',
    table(["experiment", "figure", "control, which has to fail", "command", "when"], rows),
    ...(others.length === 0 ? [] : [["Kept besides, of commits that did not get as far:", "", ...others].join("\n")]),
  ];
}

function otherCommit({ id }: Experiment, sum: Sum): string {
  return `- **${id}**, commit \`${sum.version}\`: ${figureOfSum(sum)}`;
}
