// `node --conditions=hallpass-source drills/fuzz/main.ts [--cases 500000] [--seed 1] [--only "access token"]`
// Every parser of what others send, with so many texts beside those that it accepts: by characters, by the words of its format and by its
// structure. Exits with 1 if one throws, is slow, holds on to memory, changes a prototype, or reads something that is otherwise, or refused,
// when it is written again; and if planted bugs of these kinds are not found. A finding's text is kept in a file.
// Of the attacks of spec/attacks.md: [J-47].

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sayProof } from "../../proof/line.ts";
import { wholeNumber } from "../whole-number.ts";
import { type Finding, hunt } from "./hunt.ts";
import { OF_REQUESTS } from "./parsers-of-requests.ts";
import { OF_TOKENS } from "./parsers-of-tokens.ts";
import { PLANTED } from "./planted.ts";

const given = parseArgs({
  options: {
    cases: { type: "string", default: "500000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
}).values;
const cases = wholeNumber(given.cases);
const seed = wholeNumber(given.seed);
/** Bytes that may still be held after a case, on average: less than the text itself. What the parsers keep on purpose is beside that. */
const MOST_HELD = 40;
const KEPT_ON_PURPOSE = 20e6;

const targets = [...OF_TOKENS, ...OF_REQUESTS].filter(({ name }) => given.only === undefined || name === given.only);
if (targets.length === 0) throw new Error(`no parser is called "${given.only}"`);
const inherited = Object.getOwnPropertyNames(Object.prototype).join();
const findings: Finding[] = [];
let tried = 0;
let accepted = 0;
let slowestMs = 0;
const before = heldBytes();

for (const target of targets) {
  const hunted = hunt(target, cases, seed, (done) => process.stderr.write(`\r${target.name}: ${done}`));
  tried += hunted.cases;
  accepted += hunted.accepted;
  slowestMs = Math.max(slowestMs, hunted.slowestMs);
  if (hunted.finding !== undefined) findings.push(hunted.finding);
  process.stderr.write(`\r${target.name}: ${hunted.cases} cases, ${hunted.accepted} accepted\n`);
}
const growth = heldBytes() - before;
console.error(`${Math.round(growth / 1e3)} kB more are held`);
if (growth > KEPT_ON_PURPOSE + MOST_HELD * tried)
  findings.push({ target: "all", what: `memory grew by ${Math.round(growth / 1e6)} MB`, input: "" });
if (Object.getOwnPropertyNames(Object.prototype).join() !== inherited)
  findings.push({ target: "all", what: "a prototype was changed", input: "" });

const controls = PLANTED.map(({ kind, target }) => ({ kind, hunted: hunt(target, 200_000, seed) }));
const missed = controls.filter(({ hunted }) => hunted.finding === undefined);
let kept: string | undefined;
if (findings.length > 0) {
  kept = mkdtempSync(join(tmpdir(), "hallpass-fuzz-"));
  writeFileSync(join(kept, "findings.json"), JSON.stringify({ seed, cases, findings }, null, 2));
  for (const { target, what, input } of findings)
    console.log(`${target}: ${what.slice(0, 300)}; of ${JSON.stringify(input.slice(0, 300))}`);
}
sayProof({
  id: "fuzz",
  promise: "P3 P10",
  figure: `${tried.toLocaleString("en")} texts at ${targets.length} parsers, ${accepted.toLocaleString("en")} accepted, ${findings.length} findings; the slowest took ${slowestMs.toFixed(1)} ms`,
  control: controls
    .map(
      ({ kind, hunted }) =>
        `${kind} was ${hunted.finding === undefined ? "NOT found" : `found at case ${hunted.cases}`}`,
    )
    .join("; "),
  seeds: String(seed),
  notShown: ["parsers of libraries below ours (HTTP, TLS, WebSocket frames)"],
  passed: findings.length === 0 && missed.length === 0,
  ...(kept === undefined ? {} : { kept }),
});

/** What nobody has let go of: collected first, so that it does not depend on when somebody collects. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
