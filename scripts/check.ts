// `npm run check`: everything that is judged without running the product. All steps run; any failure fails.

import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = (name: string): string => join(root, "node_modules/.bin", name);

const steps: readonly [name: string, command: string, ...args: string[]][] = [
  ["types", bin("tsc"), "-p", "tsconfig.json"],
  ["lint", bin("oxlint"), "--type-aware", "--deny-warnings", "--report-unused-disable-directives-severity=error"],
  ["format", bin("biome"), "check", "--error-on-warnings", "."],
  ["architecture", process.execPath, "--test", "--test-reporter=dot", "scripts/architecture.test.ts"],
  ["lint bites", process.execPath, "--test", "--test-reporter=dot", "scripts/lint.test.ts"],
  ["reference", process.execPath, "--conditions=hallpass-source", "scripts/print-docs.ts", "--check"],
  ["proof page", process.execPath, "proof/main.ts", "--check"],
  ["spec loop", process.execPath, "scripts/spec-loop.ts", "--check"],
];

const failed: string[] = [];
for (const [name, command, ...args] of steps) {
  const start = performance.now();
  console.log(`== ${name}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error !== undefined) console.error(error.message);
  if (status !== 0) failed.push(name);
  console.log(
    `== ${name}: ${status === 0 ? "passed" : "FAILED"} in ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
}
console.log(failed.length === 0 ? "check passed" : `check FAILED: ${failed.join(", ")}`);
if (failed.length > 0) process.exitCode = 1;
