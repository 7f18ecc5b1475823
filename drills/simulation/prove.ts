// `node --conditions=hallpass-source drills/simulation/prove.ts --seeds 1..2000 --whole 1..40 [--workers n]`: the simulation as a row of
// docs/proof.md, both of its worlds, with planted bugs as its control. A file of its own: main.ts is run in copies of the sources that have nothing else.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { BUGS } from "./bugs.ts";
import { type Hunted, hunt } from "./hunt.ts";

/** Found within a few seeds. All of them are hunted by bugs.test.ts. */
const CONTROLS = [
  "commit without comparing",
  "heartbeat without a position",
  "compromised key kept",
  "session read from what a node remembers",
];

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1..200" },
    whole: { type: "string", default: "1..4" },
    workers: { type: "string", default: "1" },
  },
});
const ran = [run("small", values.seeds), run("whole", values.whole)];
console.error("planted bugs");
const { hunted } = await hunt(BUGS.filter(({ id }) => CONTROLS.includes(id)));
sayProof({
  id: "simulation",
  promise: "P1 P2 P3 P4 P5 P6 P8 P9 P10",
  figure: ran.map(({ said }) => said).join("; "),
  control: `planted bugs: ${hunted.map(foundAt).join("; ")}`,
  seeds: `${values.seeds} of the small world, ${values.whole} of the whole`,
  notShown: ["real disks, sockets, schedulers and more than one thread"],
  passed: ran.every(({ passed }) => passed) && hunted.length === CONTROLS.length && hunted.every(({ found }) => found),
});

function run(world: string, seeds: string): { readonly passed: boolean; readonly said: string } {
  const args = ["--world", world, "--seeds", seeds, "--workers", values.workers];
  const { status, stdout } = spawnSync(
    process.execPath,
    ["--conditions=hallpass-source", join(import.meta.dirname, "main.ts"), ...args],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  process.stdout.write(stdout);
  if (status !== 0) return { passed: false, said: `a promise was broken; ${args.join(" ")} shows it again` };
  return { passed: true, said: `${world} world: ${stdout.split("\n")[0] ?? ""}` };
}

function foundAt({ bug, finding, found }: Hunted): string {
  return `"${bug.id}" ${found ? `at seed ${finding.seed}` : "NOT FOUND"}`;
}
