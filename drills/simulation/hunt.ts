// Hunts planted bugs: each must be found within its seeds, by the invariant that names it, and the sources as they are must
// pass every seed that was needed. One tree for each worker; one bug in it at a time.

import { BUGS, type Bug } from "./bugs.ts";
import { type Finding, MutatedTree } from "./mutated-tree.ts";

export interface Hunted {
  readonly bug: Bug;
  readonly finding: Finding;
  readonly found: boolean;
}

export interface Hunt {
  readonly hunted: readonly Hunted[];
  /** The sources as they are, on all the seeds that were needed; the first that broke something in either world. */
  readonly control: Finding;
  /** How many those were, as words. */
  readonly controlSeeds: string;
}

export async function hunt(bugs: readonly Bug[] = BUGS, workers = 2): Promise<Hunt> {
  const waiting = [...bugs];
  const hunted: Hunted[] = [];
  async function work(): Promise<void> {
    const tree = new MutatedTree();
    try {
      for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
        const whole = tree.apply(bug.edits);
        const finding = await tree.run({ from: 1, to: bug.seedBudget, ...worldOf(bug) });
        whole();
        hunted.push({ bug, finding, found: finding.invariant === bug.invariant });
      }
    } finally {
      tree.remove();
    }
  }
  await Promise.all(Array.from({ length: workers }, work));
  const tree = new MutatedTree();
  try {
    const needed = (world: Bug["world"]): number =>
      Math.max(0, ...hunted.filter(({ bug }) => bug.world === world).map(({ finding }) => finding.seed ?? 1));
    const [small, whole] = [needed(undefined), needed("whole")];
    const runs = [
      ...(small === 0 ? [] : [await tree.run({ from: 1, to: small })]),
      ...(whole === 0 ? [] : [await tree.run({ from: 1, to: whole, world: "whole" })]),
    ];
    const control = runs.find(({ seed }) => seed !== null) ?? { seed: null, invariant: null, detail: "" };
    return { hunted, control, controlSeeds: `${small} seeds of the small world and ${whole} of the whole` };
  } finally {
    tree.remove();
  }
}

function worldOf({ world }: Bug): { readonly world?: "whole" } {
  return world === undefined ? {} : { world };
}

export function tableOf({ hunted, control, controlSeeds }: Hunt): string {
  const rows = BUGS.flatMap((bug) => hunted.filter((one) => one.bug === bug)).map(({ bug, finding, found }) => [
    bug.world === undefined ? bug.id : `${bug.id} (${bug.world} world)`,
    bug.invariant,
    found ? String(finding.seed) : `NOT FOUND (${finding.invariant ?? "nothing"} at ${finding.seed ?? "no seed"})`,
    String(bug.seedBudget),
  ]);
  const all = [["bug", "invariant", "found at seed", "budget"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const whole = control.seed === null ? "break nothing" : `break ${control.invariant} at ${control.seed}`;
  return [...lines, `the sources as they are ${whole} in ${controlSeeds}`].join("\n");
}

if (process.argv[1] === import.meta.filename) {
  const words = process.argv.slice(2);
  const bugs = BUGS.filter(({ id }) => words.length === 0 || words.some((word) => id.includes(word)));
  const result = await hunt(bugs);
  console.log(tableOf(result));
  if (result.control.seed !== null || result.hunted.some(({ found }) => !found)) process.exitCode = 1;
}
