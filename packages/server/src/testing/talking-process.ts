// A process that tells more than a pipe holds, says so on stderr, and ends at once.

import { writeSync } from "node:fs";
import { systemClock } from "../host/system-ports.ts";
import { standardOutput } from "../observe/gathered-output.ts";

const [lines = "0"] = process.argv.slice(2);
const output = standardOutput(systemClock);
for (let n = 1; n <= Number(lines); n += 1) output.write(`${String(n).padEnd(99, "-")}\n`);
writeSync(2, "told\n");
process.exit(0);
