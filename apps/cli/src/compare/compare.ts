// `compare`: the decision that every team faces, measured on its own machine. Ask the issuer on each request, keep its answers for a while,
// or verify locally and be told: what each costs, and how long a revoked token is accepted.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { columns } from "../print/columns.ts";
import { span } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";
import { type Figures, figuresOf, type Measured, shown, windowWords } from "./figures.ts";
import { measure } from "./measure.ts";
import { plotOf } from "./plot.ts";
import { type CompareOptions, type CompareSettings, lengthOf, settingsOf } from "./settings.ts";
import { troubleOf } from "./trouble.ts";
import { WAY_WORDS, WAYS } from "./ways.ts";

/** Exits with `refused` if a way could not do what was asked of it: then its figures are not those of the rate that was asked for. */
export async function compare({ terminal, onStop }: Context, options: CompareOptions): Promise<Outcome> {
  const settings = settingsOf(options);
  if (options.plot !== undefined) claim(options.plot);
  const data = mkdtempSync(join(tmpdir(), "hallpass-compare-"));
  const stopped = new Promise<undefined>((resolve) => onStop(() => resolve(undefined)));
  const measured: Measured[] = [];
  let isWhole = false;
  terminal.say(`${WAYS.length} ways, one after the other: some ${span(lengthOf(settings, WAYS.length))} in all\n`);
  try {
    for (const [index, way] of WAYS.entries()) {
      const head = `${index + 1} of ${WAYS.length}, ${WAY_WORDS[way]}: `;
      const turn = measure(way, settings, join(data, way), (what) => terminal.say(`${head}${what}\n`));
      const one = await Promise.race([turn, stopped]);
      // Its processes go with this one.
      if (one === undefined) return EXIT.unavailable;
      measured.push(one);
    }
    isWhole = true;
  } finally {
    rmSync(data, { recursive: true, force: true });
    // An empty file would stand in the way of the next try.
    if (!isWhole && options.plot !== undefined) rmSync(options.plot, { force: true });
  }
  const figures = allFigures(measured, settings);
  if (options.plot !== undefined) writeFileSync(options.plot, plotOf(measured, figures));
  const machine = { cores: availableParallelism(), node: process.version };
  if (options.json === true) printJson(terminal, { machine, settings, ways: figures });
  else printLines(terminal, linesOf(figures, settings, options.plot));
  return figures.every(({ failed, unsent, still_open: open }) => failed + unsent + open === 0)
    ? EXIT.done
    : EXIT.refused;
}

/** Before anything is measured: a minute's work must not be lost to a path that is none. */
function claim(path: string): void {
  try {
    writeFileSync(path, "", { flag: "wx" });
  } catch {
    throw usage(`${path} can't be made`, "name a new file in a directory that is there");
  }
}

function allFigures(measured: readonly Measured[], settings: CompareSettings): readonly Figures[] {
  const nothing = measured.find(({ way }) => way === "nothing");
  if (nothing === undefined) throw new Error("what costs nothing was not measured");
  return measured.map((one) => figuresOf(one, nothing, settings));
}

function linesOf(figures: readonly Figures[], settings: CompareSettings, plot: string | undefined): readonly string[] {
  const { requests, revocations, sessions, cacheMs, stalenessMs, prices } = settings;
  const bounds = { nothing: "for ever", introspection: "–", cache: span(cacheMs), feed: span(stalenessMs) };
  return [
    `${requests} requests a second with the tokens of ${sessions} sessions, ${revocations} revocations a second, on this machine (${availableParallelism()} cores, Node ${process.version})`,
    "",
    ...columns(
      ["A REQUEST", "P50", "P99", "CPU", "ISSUER'S LOAD", "ISSUER ASKED", "COST", "A MONTH"],
      figures.map((one) => [
        WAY_WORDS[one.way],
        `${shown(one.latency_p50_ms)} ms`,
        `${shown(one.latency_p99_ms)} ms`,
        ...(one.way === "nothing" ? ["–"] : [`+${shown(one.cpu_per_request_us)} µs`]),
        `${shown(one.issuer_load_percent)} %`,
        shown(one.issuer_calls_per_million),
        ...(one.way === "nothing" ? ["–", "–"] : [shown(one.cost_per_million), shown(one.cost_per_month)]),
      ]),
    ),
    "",
    ...columns(
      ["A REVOKED TOKEN IS STILL ACCEPTED", "P50", "P99", "MAX", "REVOKED", "CUT OFF, AT MOST"],
      figures
        .filter(({ way }) => way !== "nothing")
        .map((one) => [
          WAY_WORDS[one.way],
          windowWords(one.window_p50_ms),
          windowWords(one.window_p99_ms),
          windowWords(one.window_max_ms),
          String(one.revoked),
          bounds[one.way],
        ]),
    ),
    "",
    "P50, P99: of a whole request. CPU: of API and issuer, above a request that nobody judges. ISSUER'S LOAD: of one core, revocations included.",
    `ISSUER ASKED, COST: for a million requests, at ${prices.coreHour} for an hour of a core and ${prices.millionCalls} for a million requests to the issuer. A MONTH: of 730 hours at this rate.`,
    "CUT OFF, AT MOST: where the API can't reach the issuer. Introspection accepts nothing then, good tokens neither; the other two go on until then.",
    ...figures.flatMap(troubleOf),
    ...(plot === undefined ? [] : [`The picture: ${plot}`]),
  ];
}
