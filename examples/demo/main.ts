// `npm run demo`: a server, three verifiers, a thousand people; then revocations, and two verifiers that can't hear.
// Every claim that is printed was checked; if one is not true the demo says so and fails.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoOptions, readOptions } from "./options.ts";
import { type DemoResult, play } from "./play.ts";
import { type Stage, stage } from "./stage.ts";

let options: DemoOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (cause) {
  console.error(`error: ${cause instanceof Error ? cause.message : "wrong options"}`);
  console.error("hint: npm run demo -- [--subjects 1000] [--rate 600] [--revocations 150] [--staleness 5000] [--json]");
  process.exit(2);
}
const shown: Stage = stage(options.json);
const data = mkdtempSync(join(tmpdir(), "hallpass-demo-"));
let result: DemoResult | undefined;
try {
  result = await play(options, shown, data);
} catch (cause) {
  shown.claim(`the demo ran to its end: ${cause instanceof Error ? cause.message : "it did not"}`, false);
} finally {
  rmSync(data, { recursive: true, force: true });
}
const untrue = shown.claims.filter((one) => !one.holds);
if (options.json) console.log(JSON.stringify({ ...result, claims: shown.claims }, null, 2));
else console.log(`\n  ${shown.claims.length - untrue.length} of ${shown.claims.length} claims are true.\n`);
process.exitCode = untrue.length === 0 ? 0 : 1;
