// `npm run costs`: what each operation asks of the store and of cryptography, in counts that no machine changes.
// With `--write` the table of docs/costs.md is printed again: that is how a limit is moved, on purpose and in a diff.

import { allocatedByAll } from "./costs/allocated.ts";
import { countFurther } from "./costs/further.ts";
import { countAll } from "./costs/operations.ts";
import { excess, limits, printed, write } from "./costs/table.ts";
import { verifierSize } from "./costs/verifier-size.ts";

const { modules, bytes } = verifierSize();
// What is counted is wrapped, and stays so: what is allocated comes first.
const allocated = await allocatedByAll();
const leftOut: string[] = [];
const further = await countFurther((line) => leftOut.push(line));
const found = { operations: await countAll(), allocated, verifierBytes: bytes, further };
console.log(`${printed(found)}\nNow it has ${bytes}, in ${modules} modules.`);
for (const line of leftOut) console.error(line);
if (process.argv.includes("--write")) {
  if (leftOut.length > 0) throw new Error("nothing was written: some of it could not be counted here");
  write(found);
}
// In CI nothing may be left out.
for (const line of [...excess(found, limits()), ...(process.env["HALLPASS_CI"] === "1" ? leftOut : [])]) {
  console.error(line);
  process.exitCode = 1;
}
