// `npm run costs`: what each operation asks of the store and of cryptography, in counts that no machine changes.
// With `--write` the table of docs/performance.md is printed again: that is how a limit is moved, on purpose and in a diff.

import { allocatedByAll } from "./costs/allocated.ts";
import { countAll } from "./costs/operations.ts";
import { excess, limits, printed, write } from "./costs/table.ts";
import { verifierSize } from "./costs/verifier-size.ts";

const { modules, bytes } = verifierSize();
// What is counted is wrapped, and stays so: what is allocated comes first.
const allocated = await allocatedByAll();
const found = { operations: await countAll(), allocated, verifierBytes: bytes };
console.log(`${printed(found)}\nNow it has ${bytes}, in ${modules} modules.`);
if (process.argv.includes("--write")) write(found);
for (const line of excess(found, limits())) {
  console.error(line);
  process.exitCode = 1;
}
