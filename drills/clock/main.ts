// `node --conditions=hallpass-source drills/clock/main.ts [--shifts few|all]`
// The wall clock of a server on SQLite, of a node, of its PostgreSQL and of a verifier is set ahead and back by 1 s to 10 years, runs 10 % too
// fast and too slow, stands still, and is right again. Exits with 1 if a verifier accepted what was revoked later than M after the
// acknowledgement, if a session was over afterwards, or if generations lost their order; and if a verifier that believes its wall clock alone
// is not found out. Needs Debian's package faketime.

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { hasFaketime } from "../bounded/verifying-process.ts";
import { MutatedTree } from "../simulation/mutated-tree.ts";
import { type Ground, groundOf, type Whose } from "./ground.ts";
import { scene } from "./scene.ts";
import { FEW, SHIFTS } from "./shifts.ts";

const { values } = parseArgs({ options: { shifts: { type: "string", default: "few" } } });
if (values.shifts !== "few" && values.shifts !== "all") throw new Error("--shifts few or all");
if (!hasFaketime) throw new Error("faketime is not installed: apt-get install faketime");
const shifts = SHIFTS.filter(({ name }) => values.shifts === "all" || FEW.has(name));
const M = 1000;
const WHOSE: readonly Whose[] = ["server", "node", "database", "verifier"];
/** Its lease ends by the wall clock alone: one that stands still never ends it. */
const WALL_ALONE = {
  file: "verifier/src/lease.ts",
  find: "const larger = Math.max(elapsed, wall - sent.wall);",
  replace: "const larger = wall - sent.wall;",
};

const directory = mkdtempSync(join(tmpdir(), "hallpass-clock-"));
// A database has a user of its own, and reads its clock here.
chmodSync(directory, 0o755);
const tree = new MutatedTree();
tree.apply([WALL_ALONE]);
const problems: string[] = [];
let wrongLate = Number.NEGATIVE_INFINITY;
let scenes = 0;

async function play(whose: Whose, ground: Ground): Promise<void> {
  try {
    for (const shift of shifts) {
      const seen = await scene(ground, shift, M);
      scenes += 1;
      problems.push(...seen.problems.map((one) => `${whose}: ${one}`));
      wrongLate = Math.max(wrongLate, seen.wrongLate ?? wrongLate);
      console.error(`${whose}, ${shift.name}: refresh meanwhile ${seen.meanwhile}, ${seen.problems.length} problems`);
    }
  } finally {
    await ground.end();
  }
}

try {
  const grounds: (readonly [Whose, Ground])[] = [];
  // One after the other: a database takes its clock from the environment of this process.
  for (const whose of WHOSE) grounds.push([whose, await groundOf(whose, join(directory, whose), M, tree.at)]);
  await Promise.all(grounds.map(([whose, ground]) => play(whose, ground)));
} finally {
  tree.remove();
}
if (wrongLate <= 0) problems.push("a verifier that believes its wall clock alone was not found out");
for (const problem of problems) console.log(`broken: ${problem}`);
if (problems.length === 0) rmSync(directory, { recursive: true });
sayProof({
  id: "clock",
  promise: "P2 P5 P6",
  figure: `${scenes} times a clock was wrong (${WHOSE.join(", ")}; ${shifts.map(({ name }) => name).join(", ")}): ${problems.length} late acceptances, sessions that were over afterwards, or generations out of order`,
  control: `a verifier that believes its wall clock alone accepted a revoked token ${Math.round(wrongLate)} ms after acknowledgement + M`,
  seeds: "none",
  notShown: ["monotonic clocks that are wrong", "what expires by a wall clock while it is wrong"],
  passed: problems.length === 0,
  ...(problems.length === 0 ? {} : { kept: directory }),
});
process.exit();
