// A result as a table of Markdown: medians, of the first figure with the spread of its rounds, and beside it how many times as much that is.

import { type Figure, type Result, type Row, timesOf } from "./result.ts";

/** `beside`: with which of those rows it is compared that it can be compared with; otherwise with all. */
export function tableOf({ of, rows, compared }: Result, beside: readonly string[] = compared?.with ?? []): string {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const [first = ""] = columns;
  const peers = rows.filter(({ name }) => beside.includes(name));
  const head = columns.flatMap((column) => [
    column === first && isSpread(rows, column) ? `${column} (spread)` : column,
    ...(column === compared?.figure ? peers.map(({ name }) => `× ${withoutDetails(name)}`) : []),
  ]);
  const cellsOf = ({ name, figures }: Row): readonly string[] => [
    name.startsWith("Hallpass") ? `**${name}**` : name,
    ...columns.flatMap((column) => {
      const mine = figures[column];
      const times = column === compared?.figure ? peers.map((peer) => timesText(mine, peer.figures[column])) : [];
      return [textOf(mine, column === first), ...times];
    }),
  ];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line([of, ...head]), line(["---", ...head.map(() => "---:")]), ...rows.map((row) => line(cellsOf(row)))].join(
    "\n",
  );
}

function isSpread(rows: readonly Row[], column: string): boolean {
  return rows.some(({ figures }) => (figures[column]?.rounds.length ?? 0) > 1);
}

function textOf(figure: Figure | undefined, withSpread: boolean): string {
  if (figure === undefined) return "–";
  const { median, spread, rounds } = figure;
  return withSpread && rounds.length > 1 ? `${show(median)} (${spread.map(show).join("–")})` : show(median);
}

function timesText(mine: Figure | undefined, theirs: Figure | undefined): string {
  return mine === undefined || theirs === undefined ? "–" : timesOf(mine, theirs).toFixed(2);
}

/** With as many digits as are worth reading. */
export function show(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** As a heading: up to the first comma, with the bracket that it leaves open. */
function withoutDetails(name: string): string {
  const [start = ""] = name.split(",");
  return start.includes("(") && !start.includes(")") ? `${start})` : start;
}
