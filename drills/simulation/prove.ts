// `node --conditions=hallpass-source drills/simulation/prove.ts --seeds 1..1000 [options of main.ts]`: the simulation as a row of
// docs/proof.md, with planted bugs as its control. A file of its own: main.ts is run in copies of the sources that have nothing else.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { sayProof } from "../../proof/line.ts";
import { BUGS } from "./bugs.ts";
import { type Hunted, hunt } from "./hunt.ts";

/** Found within a few seeds. All of them are hunted by bugs.test.ts. */
const CONTROLS = ["commit without comparing", "heartbeat without a position", "compromised key kept"];

const args = process.argv.slice(2);
const { status, stdout } = spawnSync(
  process.execPath,
  ["--conditions=hallpass-source", join(import.meta.dirname, "main.ts"), ...args],
  { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
);
process.stdout.write(stdout);
console.error("planted bugs");
const { hunted } = await hunt(BUGS.filter(({ id }) => CONTROLS.includes(id)));
const seeds = args[args.indexOf("--seeds") + 1] ?? "1..200";
sayProof({
  id: "simulation",
  promise: "P1 P2 P3 P4 P5 P6 P8 P9 P10",
  figure: status === 0 ? (stdout.split("\n")[0] ?? "") : `a promise was broken; ${args.join(" ")} shows it again`,
  control: `planted bugs: ${hunted.map(foundAt).join("; ")}`,
  seeds,
  notShown: ["real disks, sockets, schedulers and more than one thread"],
  passed: status === 0 && hunted.length === CONTROLS.length && hunted.every(({ found }) => found),
});

function foundAt({ bug, finding, found }: Hunted): string {
  return `"${bug.id}" ${found ? `at seed ${finding.seed}` : "NOT FOUND"}`;
}
