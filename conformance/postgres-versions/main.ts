// `node --conditions=hallpass-source conformance/postgres-versions/main.ts [--versions 14,15,16,17,18]`
// The contract of a store against each release of PostgreSQL at once, each with a server of its own. Exits with 1 if any rule is broken on any.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { VERSIONS } from "./binaries.ts";

const { values } = parseArgs({ options: { versions: { type: "string", default: VERSIONS.join(",") } } });
const asked = values.versions.split(",");
const unknown = asked.filter((version) => !VERSIONS.some((known) => known === version));
if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: there are ${VERSIONS.join(", ")}`);

const counted = await Promise.all(asked.map(contractOn));
for (const { version, code, passed, failed, seconds, output } of counted) {
  if (code !== 0) console.log(output);
  console.log(
    `PostgreSQL ${version}: ${passed} passed, ${failed} failed in ${seconds} s${code === 0 ? "" : " (FAILED)"}`,
  );
}
// A run that ends without a rule has proven nothing.
if (counted.some(({ code, passed }) => code !== 0 || passed < 50)) process.exitCode = 1;

interface Counted {
  readonly version: string;
  readonly code: number | null;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly output: string;
}

function contractOn(version: string): Promise<Counted> {
  const began = performance.now();
  const file = join(import.meta.dirname, "contract.ts");
  const args = ["--conditions=hallpass-source", "--test-reporter=tap", file, version];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  process.once("exit", () => void child.kill());
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return new Promise((resolve) => {
    child.once("close", (code) => {
      const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
      const seconds = Math.round((performance.now() - began) / 1000);
      resolve({ version, code, passed: count("pass"), failed: count("fail"), seconds, output });
    });
  });
}
