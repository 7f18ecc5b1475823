// docs/performance.md and its pictures, from what is kept of the measurements and a frame of short texts (sections.ts).

import { keptOf } from "../../proof/kept.ts";
import type { Pages } from "../../scripts/printed-pages.ts";
import { pictureOf } from "../bars.ts";
import type { Kept } from "../kept.ts";
import type { Machine } from "../machine.ts";
import { show, tableOf } from "../table.ts";
import { boundText, GOALS, type Judged, judge } from "./goals.ts";
import { FRAME, SECTIONS, type Section } from "./sections.ts";

/** Processors that others took at most where it was quiet: a machine's own services, and what had begun before and ended. */
const QUIET = 0.2;

/** Throws for what is kept and stands in no section: nobody would read it. */
export function pagesOf(kept: ReadonlyMap<string, Kept>): Pages {
  const shown = new Set(SECTIONS.flatMap(({ results }) => results.map(({ id }) => id)));
  for (const id of kept.keys()) if (!shown.has(id)) throw new Error(`no section shows the result ${id}`);
  const pictures = [...kept].flatMap(([id, result]) => {
    const picture = pictureOf(result);
    return picture === undefined ? [] : [[`bench/${id}.svg`, picture] as const];
  });
  return new Map([["performance.md", pageOf(kept)], ...pictures]);
}

function pageOf(kept: ReadonlyMap<string, Kept>): string {
  return `${[
    "# Measured",
    FRAME.about,
    machinesOf(kept),
    "## The goals at a glance",
    goalsOf(kept),
    FRAME.floor,
    ...SECTIONS.flatMap((section) => sectionOf(section, kept)),
    "## What was not measured",
    FRAME.notMeasured,
  ].join("\n\n")}\n`;
}

function machinesOf(kept: ReadonlyMap<string, Kept>): string {
  const texts = [...kept.values()].flatMap(({ machine }) => (machine === undefined ? [] : [machineText(machine)]));
  return `Measured on ${[...new Set(texts)].join("; and on ")}.`;
}

function machineText({ processors, kind, memoryGb, node, kernel, fileSystem }: Machine): string {
  return `${processors} virtual processors (${kind}), ${memoryGb} GB, Node ${node.slice(1)}, Linux ${kernel.split("-")[0]}, ${fileSystem}`;
}

function goalsOf(kept: ReadonlyMap<string, Kept>): string {
  const judged = GOALS.map((goal) => judge(goal, kept));
  const rows = judged.map((one, nth) => {
    const { of } = one.goal;
    return `| ${judged[nth - 1]?.goal.of === of ? "" : of} | ${boundText(one.goal)} | ${measuredText(one)} | ${verdictOf(one, kept)} |`;
  });
  const met = judged.filter(({ isMet }) => isMet).length;
  return [
    `${met} of ${judged.length} are met.`,
    ["| | goal | measured | |", "| --- | --- | ---: | --- |", ...rows].join("\n"),
  ].join("\n\n");
}

function measuredText({ goal: { beside, bound }, value, isMet }: Judged): string {
  if (value === undefined) return "–";
  // What misses its goal by less than a hundredth may not look as if it met it.
  if ("atMost" in bound) return !isMet && show(value) === show(bound.atMost) ? value.toFixed(4) : show(value);
  if (beside === undefined) return show(value);
  const text = value.toFixed(!isMet && Number(value.toFixed(2)) >= bound.atLeast ? 4 : 2);
  return beside.startsWith("floor") ? text : `${text} ×`;
}

function verdictOf({ goal, value, isMet }: Judged, kept: ReadonlyMap<string, Kept>): string {
  if (value === undefined) return "not measured";
  const section = SECTIONS.find(({ results }) => results.some(({ id }) => id === goal.result));
  const rough = kept.get(goal.result)?.quick === true ? ", roughly" : "";
  return `[${isMet ? "met" : "**missed**"}${rough}](#${anchorOf(section?.title ?? "")})`;
}

/** As it is made of a heading. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
}

function sectionOf(
  { level, title, text, results, rehearsed = [] }: Section,
  kept: ReadonlyMap<string, Kept>,
): string[] {
  const measured = results.flatMap(({ id, beside }) => {
    const result = kept.get(id);
    return result === undefined ? [`*${id}: not measured.*`] : resultOf(result, beside);
  });
  return [`${"#".repeat(level)} ${title}`, ...measured, ...rehearsed.map(rehearsalOf), ...(text === "" ? [] : [text])];
}

function resultOf(result: Kept, beside: readonly string[] | undefined): string[] {
  const { id, title } = result;
  return [
    `**${title[0]?.toUpperCase()}${title.slice(1)}.** \`${result.command}\``,
    tableOf(result, beside),
    ...(result.picture === undefined ? [] : [`![${title}](bench/${id}.svg)`]),
    `*${whenOf(result)}*`,
  ];
}

function whenOf({ date, commit, rows, load, quick, leftOut, note }: Kept): string {
  const rounds = Math.max(...rows.flatMap(({ figures }) => Object.values(figures).map((one) => one.rounds.length)));
  return [
    `${date.replace("T", " ").replace("Z", " UTC")}, commit ${commit}`,
    ...(quick ? ["**rough, by --quick**"] : []),
    ...(rounds > 1 ? [`${rounds} rounds`] : []),
    ...(load === undefined ? [] : [loadText(load)]),
    ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.join(", ")}`]),
    ...(note === undefined ? [] : [note]),
  ].join("; ");
}

function loadText({ before, after, others }: NonNullable<Kept["load"]>): string {
  const beside = others <= QUIET ? "quiet" : "not quiet";
  return `${beside} (others took ${others} of a processor; load ${before[0]} before, ${after[0]} after)`;
}

/** What an experiment of docs/proof.md said last. */
function rehearsalOf(id: string): string {
  const found = keptOf(id);
  if (found === undefined) return `*${id}: not rehearsed.*`;
  return `\`${found.command}\`, ${found.date}: ${found.line.figure}. The control: ${found.line.control} ([proof](proof.md#the-experiments)).`;
}
