// `node --conditions=hallpass-source drills/bounded/main.ts [--schedules 240] [--lanes 16] [--m 1000] [--seed …] [--store sqlite|postgres|both]`
// Bounded acceptance with real processes: nodes on SQLite (one) and on PostgreSQL (three), verifiers that push and pull in three processes,
// and a fault proxy between them. Lines are delayed, held, cut, darkened, repeated and overtaken, processes are stopped, wall clocks jump,
// monotonic clocks sleep, while tokens are revoked that every verifier is asked about every 10 ms. Exits with 1 if one was accepted later
// than M after the acknowledgement, or later than a receipt had said; and if a verifier that counts its lease from the arrival of a head, or
// a node that takes a notice for acknowledged when it sends it, is not found out.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { BUGS } from "../simulation/bugs.ts";
import { MutatedTree } from "../simulation/mutated-tree.ts";
import { wholeNumber } from "../whole-number.ts";
import { countsOf, figureOf, latestOf, plotOf, tableOf } from "./figures.ts";
import type { Broken, Outcome } from "./outcome.ts";
import { type Played, playAll } from "./play-all.ts";
import { hasFaketime } from "./verifying-process.ts";
import type { StoreName } from "./world.ts";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "240" },
    lanes: { type: "string", default: "16" },
    m: { type: "string", default: "1000" },
    seed: { type: "string", default: "bounded" },
    store: { type: "string", default: "both" },
  },
});
const sizes = {
  schedules: wholeNumber(values.schedules),
  lanesEach: wholeNumber(values.lanes),
  m: wholeNumber(values.m),
  seed: values.seed,
};
const stores = (["sqlite", "postgres"] as const).filter((store) => values.store === "both" || values.store === store);
/** Of each control: it has to be found before. */
const CONTROL_SCHEDULES = 120;
const CONTROL_LANES = 8;

const directory = mkdtempSync(join(tmpdir(), "hallpass-bounded-"));
const problems: string[] = [];
const outcomes: Outcome[] = [];
const broken: Broken[] = [];
let played = 0;
let unshown = 0;

const tree = new MutatedTree();
for (const id of ["freshness counted from the arrival of the head", "receipt says enforced on sending"])
  tree.apply(BUGS.find((bug) => bug.id === id)?.edits ?? []);
const found = { arrival: "", sending: "" };
try {
  if (!hasFaketime) say("faketime is not installed: no wall clock jumps");
  for (const [index, store] of stores.entries()) {
    const schedules = Math.ceil(sizes.schedules / stores.length);
    await real(store, schedules, index === 0);
  }
  await sending();
} finally {
  tree.remove();
}

console.log(tableOf(outcomes));
for (const { promise, detail, outcome } of broken.slice(0, 10))
  problems.push(`${promise}: ${detail} (${outcome.schedule}, ${outcome.kind}, by ${outcome.target})`);
if (found.arrival === "") problems.push("a verifier that counts from the arrival of a head was not found out");
if (found.sending === "") problems.push("a receipt that counts what was sent as enforced was not found out");
const shown = outcomes.filter(({ shown: { lastAccept } }) => lastAccept !== null).length;
if (shown < outcomes.length * 0.9) problems.push(`only ${shown} of ${outcomes.length} tokens were accepted before`);
if (unshown > played / 2)
  problems.push(`in ${unshown} of ${played} schedules no token was accepted before: nothing was shown`);
for (const problem of problems) console.log(`broken: ${problem}`);
const kept = problems.length > 0 ? { kept: directory } : {};
if (problems.length > 0) writeFileSync(join(directory, "outcomes.json"), JSON.stringify({ sizes, broken, outcomes }));
else rmSync(directory, { recursive: true });
sayProof({
  id: "bounded",
  promise: "P2",
  figure: figureOf(outcomes, played, broken.length, sizes.m),
  control: `${found.arrival || "a lease from the arrival of a head: NOT FOUND"}; ${found.sending || "enforced when sent: NOT FOUND"}`,
  seeds: `${sizes.seed}: schedules 1..${Math.ceil(sizes.schedules / stores.length)} on ${stores.join(" and on ")}; what the scheduler does is not repeated`,
  notShown: [
    "more than one machine, and networks other than its loopback",
    ...(hasFaketime ? [] : ["wall clocks that jump"]),
  ],
  passed: problems.length === 0,
  counted: {
    sums: { schedules: played, ...countsOf(outcomes), "promises broken": broken.length },
    most: { "ms from an acknowledgement to the last acceptance": latestOf(outcomes) },
    ground: { of: `${sizes.seed} on ${stores.join(" and ")}`, from: 0, end: sizes.schedules },
  },
  plots: { refusals: plotOf(outcomes, sizes.m) },
  ...kept,
});
process.exit();

/** The sources as they are; beside the first store verifiers that count their lease from the arrival of a head. */
async function real(store: StoreName, schedules: number, withControl: boolean): Promise<void> {
  const wrong = { tree: tree.at, lanes: CONTROL_LANES } as const;
  const done = await playAll({
    directory: join(directory, store),
    store,
    nodes: store === "postgres" ? 3 : 1,
    ...sizes,
    schedules,
    seed: `${sizes.seed} ${store}`,
    say,
    ...(withControl ? { wrong, wrongSchedules: CONTROL_SCHEDULES } : {}),
  });
  keep(done);
  const first = done.wrong.broken.find(({ promise }) => promise === "P2-late-accept");
  if (withControl && first !== undefined)
    found.arrival = `a lease from the arrival of a head: ${first.detail}, found in ${done.wrong.played} schedules`;
}

/** A node that takes what it sends for acknowledged. */
async function sending(): Promise<void> {
  const { right } = await playAll({
    directory: join(directory, "sending"),
    store: "sqlite",
    nodes: 1,
    ...sizes,
    lanesEach: 4,
    schedules: CONTROL_SCHEDULES,
    seed: `${sizes.seed} sending`,
    fault: "dark",
    until: "P2-receipt-too-early",
    isCalm: true,
    wrong: { tree: tree.at, lanes: "nodes" },
    say,
  });
  const first = right.broken.find(({ promise }) => promise === "P2-receipt-too-early");
  if (first !== undefined) found.sending = `enforced when sent: ${first.detail}, found in ${right.played} schedules`;
}

function keep({ right }: Played): void {
  outcomes.push(...right.outcomes);
  broken.push(...right.broken);
  played += right.played;
  unshown += right.unshown;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
