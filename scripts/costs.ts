// `npm run costs`: what each operation asks of the store and of cryptography, in counts that no machine changes.
// With `--write` the table of docs/performance.md is printed again: that is how a limit is moved, on purpose and in a diff.

import { countAll } from "./costs/operations.ts";
import { excess, limits, printed, write } from "./costs/table.ts";
import { verifierSize } from "./costs/verifier-size.ts";

const { modules, bytes } = verifierSize();
const found = { operations: await countAll(), verifierBytes: bytes };
console.log(`${printed(found)}\nNow it has ${bytes}, in ${modules} modules.`);
if (process.argv.includes("--write")) write(found);
for (const line of excess(found, limits())) {
  console.error(line);
  process.exitCode = 1;
}
