// `node --conditions=hallpass-source drills/simulation/prove.ts [--seeds 1..2000] [--whole 1..40] [--workers n]`: the simulation as a row of
// docs/proof.md, each of its worlds that is given seeds, with planted bugs as its control. A large run comes in pieces, each of one world. A file
// of its own: main.ts is run in copies of the sources that have nothing else.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Counted, sayProof } from "../../proof/line.ts";
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
    seeds: { type: "string" },
    whole: { type: "string" },
    workers: { type: "string", default: "1" },
  },
});
const given = [
  ...(values.seeds === undefined ? [] : [{ world: "small", seeds: values.seeds }]),
  ...(values.whole === undefined ? [] : [{ world: "whole", seeds: values.whole }]),
] as const;
if (given.length === 0) throw new Error("--seeds or --whole says which seeds");
const ran = given.map(({ world, seeds }) => run(world, seeds));
console.error("planted bugs");
const { hunted } = await hunt(BUGS.filter(({ id }) => CONTROLS.includes(id)));
const [only, other] = given;
sayProof({
  id: "simulation",
  promise: "P1 P2 P3 P4 P5 P6 P8 P9 P10",
  figure: ran.map(({ said }) => said).join("; "),
  control: `planted bugs: ${hunted.map(foundAt).join("; ")}`,
  seeds: given.map(({ world, seeds }) => `${seeds} of the ${world} world`).join(", "),
  notShown: ["real disks, sockets, schedulers and more than one thread"],
  passed: ran.every(({ passed }) => passed) && hunted.length === CONTROLS.length && hunted.every(({ found }) => found),
  ...(only === undefined || other !== undefined
    ? {}
    : { counted: countedOf(only.world, only.seeds, ran[0]?.turns ?? 0) }),
});

function countedOf(world: string, seeds: string, turns: number): Counted {
  const [from = 0, to = 0] = seeds.split("..").map(Number);
  return {
    sums: { [`seeds of the ${world} world`]: to - from + 1, turns },
    ground: { of: `seeds of the ${world} world`, from, end: to + 1 },
  };
}

function run(
  world: string,
  seeds: string,
): { readonly passed: boolean; readonly said: string; readonly turns: number } {
  const args = ["--world", world, "--seeds", seeds, "--workers", values.workers];
  const { status, stdout } = spawnSync(
    process.execPath,
    ["--conditions=hallpass-source", join(import.meta.dirname, "main.ts"), ...args],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  process.stdout.write(stdout);
  if (status !== 0) return { passed: false, said: `a promise was broken; ${args.join(" ")} shows it again`, turns: 0 };
  const turns = Number(/ (\d+) turns/.exec(stdout)?.[1] ?? 0);
  return { passed: true, said: `${world} world: ${stdout.split("\n")[0] ?? ""}`, turns };
}

function foundAt({ bug, finding, found }: Hunted): string {
  return `"${bug.id}" ${found ? `at seed ${finding.seed}` : "NOT FOUND"}`;
}
