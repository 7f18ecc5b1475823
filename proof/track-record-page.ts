// docs/track-record.md, from the bugs that were mended and those that are planted.

import { BUGS } from "../drills/simulation/bugs.ts";
import { VARIANTS } from "../models/variants.ts";
import { table } from "./table.ts";
import { MENDED } from "./track-record.ts";

export function trackRecord(): string {
  const mended = MENDED.map(({ bug, shownBy, commit }) => [bug, paths(shownBy), `\`${commit}\``]);
  const planted = BUGS.map(({ id, invariant, seedBudget }) => [id, `\`${invariant}\``, String(seedBudget)]);
  const twins = VARIANTS.filter(({ mutation }) => mutation !== "").map(({ model, mutation, flags }) => [
    mutation,
    `[${model}.pml](../models/${model}.pml)`,
    flags.map((flag) => `\`${flag}\``).join(" "),
  ]);
  return `${[
    "# Track record",
    "Printed by `npm run proof` from `proof/track-record.ts`, `drills/simulation/bugs.ts` and `models/variants.ts`. Do not edit.",
    "What the harnesses are worth: the bugs that they have shown, and those that are planted again and again to see whether they would still be found. The planted ones are found again by each run of `.ci/run`; one that is not found fails it.",
    "## Mended",
    `${MENDED.length} bugs that were in the product. What came with each change to show the bug runs in CI.`,
    table(["bug", "shown by", "mended in"], mended),
    "## Planted in the sources",
    `${BUGS.length} changes to the sources, each made in a copy, that the [simulation](guides/simulation.md) has to find within its seeds by the invariant that names it: \`HALLPASS_CI=1 npm test -- drills/simulation\`, or \`node --conditions=hallpass-source drills/simulation/hunt.ts\` for the seeds at which each was found.`,
    table(["bug", "found by the invariant", "within seeds"], planted),
    "## Planted in the models",
    `${twins.length} mutated twins of the [models](../models/README.md), each of which has to have an error: \`node --conditions=hallpass-source models/main.ts\`.`,
    table(["bug", "model", "definitions"], twins),
  ].join("\n\n")}\n`;
}

function paths(text: string): string {
  return text
    .split(", ")
    .map((path) => `\`${path}\``)
    .join("<br>");
}
