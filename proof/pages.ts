// docs/proof.md with its plots, from what is kept, and docs/track-record.md.

import { mutationPage } from "../drills/mutation/page.ts";
import { svgOf } from "../scripts/plot.ts";
import type { Pages } from "../scripts/printed-pages.ts";
import { EXPERIMENTS, type Experiment, NOT_SHOWN, SAYS } from "./experiments.ts";
import type { Kept, Piece, Ran } from "./kept.ts";
import { PROMISES, promisesOf } from "./line.ts";
import { MOVED } from "./moved-bounds.ts";
import { sumOf } from "./pieces.ts";
import { cellsOfSum, figureOfSum, piecesTable } from "./pieces-page.ts";
import { table } from "./table.ts";
import { trackRecord } from "./track-record-page.ts";

export function pagesOf(kept: ReadonlyMap<string, Kept>, pieces: readonly Piece[]): Pages {
  const plots = [...kept].flatMap(([id, { line }]) =>
    Object.entries(line.plots ?? {}).map(([name, plot]) => [`proof/${id}-${name}.svg`, svgOf(plot)] as const),
  );
  return new Map([
    ["proof.md", pageOf(kept, pieces)],
    ["track-record.md", trackRecord()],
    ["mutation.md", mutationPage()],
    ...plots,
  ]);
}

function pageOf(kept: ReadonlyMap<string, Kept>, pieces: readonly Piece[]): string {
  return `${[
    "# Proof",
    "Printed by `npm run proof` from `proof/results/`. Do not edit.",
    "Each promise of the product, what was done to break it, and what came of it. Every experiment has a control in the same run: a variant that is broken on purpose and has to be caught, or the experiment has not passed. None is tried again. A figure holds for the size, the day and the machine on which it was measured; the command beside it measures it again. `npm run proof -- --size quick` runs all of them small, `--size full` as large as the table says at most, `--only` one of them; what it finds stands here afterwards, and a smaller success leaves a larger one in its place. Which bugs the experiments have found stands in the [track record](track-record.md).",
    "## The promises",
    table(
      ["", "promise", "shown by"],
      PROMISES.map((promise) => [promise, SAYS[promise], shownBy(promise, kept, pieces)]),
    ),
    "## The experiments",
    table(
      ["experiment", "promise", "figure", "control, which has to fail", "command", "seeds", "when"],
      EXPERIMENTS.map((experiment) => [
        `**${experiment.id}**: ${experiment.title}`,
        experiment.promise,
        ...cellsOf(experiment, kept, pieces),
      ]),
    ),
    ...piecesTable(pieces),
    ...plotsOf(kept),
    "## Bounds that were moved",
    "After a run that did not pass, either the product was mended ([track record](track-record.md)), or what the run asks for was taken to be wrong. The latter:",
    table(
      ["experiment", "was judged", "was seen", "is judged"],
      MOVED.map(({ id, before, seen, since }) => [id, before, seen, since]),
    ),
    "## What is not shown",
    "By nothing on this page:",
    NOT_SHOWN.map((text) => `- ${text}`).join("\n"),
    "By the single experiments:",
    table(
      ["experiment", "does not show"],
      [...kept].map(([id, { line }]) => [id, line.notShown.length === 0 ? "–" : line.notShown.join("; ")]),
    ),
  ].join("\n\n")}\n`;
}

function shownBy(promise: string, kept: ReadonlyMap<string, Kept>, pieces: readonly Piece[]): string {
  const lines = EXPERIMENTS.filter((one) => promisesOf(one).some((each) => each === promise)).map((experiment) => {
    const [sum, found] = [sumOf(experiment, pieces), kept.get(experiment.id)];
    const figure = sum === undefined ? found && figureOf(found) : figureOfSum(sum);
    return `**${experiment.id}**: ${figure ?? "not run yet"}`;
  });
  return lines.length === 0
    ? "no experiment yet; the tests that carry its rows stand in [conformance.md](conformance.md)"
    : lines.join("<br>");
}

/** Of its pieces where it was run in pieces: they are there for what one run does not reach. */
function cellsOf(experiment: Experiment, kept: ReadonlyMap<string, Kept>, pieces: readonly Piece[]): readonly string[] {
  const sum = sumOf(experiment, pieces);
  if (sum !== undefined) return cellsOfSum(sum);
  const whole = kept.get(experiment.id);
  if (whole === undefined) return ["not run yet", "–", "–", "–", "–"];
  const { line, command, date, size, seconds } = whole;
  return [figureOf(whole), line.control, `\`${command}\``, line.seeds, `${date}, ${size}, ${seconds} s`];
}

function figureOf({ line }: Ran): string {
  return line.passed ? line.figure : `**failed**: ${line.figure}`;
}

function plotsOf(kept: ReadonlyMap<string, Kept>): readonly string[] {
  const images = [...kept].flatMap(([id, { line }]) =>
    Object.entries(line.plots ?? {}).map(([name, { title }]) => `![${title}](proof/${id}-${name}.svg)`),
  );
  return images.length === 0 ? [] : ["## Plots", ...images];
}
