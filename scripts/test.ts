// `npm test`: runs every test whose tools are here, and says which parts it left out.
// `npm test -- packages/core` runs the files whose path contains one of the words.
// With HALLPASS_CI=1 nothing may be left out. A skipped or todo test is a failure anywhere.

import { globSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, sep } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { CLUSTER_TO_COPY, ground, makeCluster } from "../packages/store-postgres/src/testing/postgres-server.ts";
import { entriesOf, groupsOf } from "./groups.ts";
import { selectFiles } from "./parts.ts";

const root = join(import.meta.dirname, "..");
const patterns = [
  "bench/**/*.test.ts",
  "packages/*/src/**/*.test.ts",
  "apps/*/src/**/*.test.ts",
  "conformance/**/*.test.ts",
  "drills/**/*.test.ts",
  "examples/**/*.test.ts",
  "proof/**/*.test.ts",
  "scripts/**/*.test.ts",
];
const words = process.argv.slice(2);
const all = globSync(patterns, { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] })
  .map((path) => path.split(sep).join("/"))
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .toSorted();
const { files, left } = selectFiles(all);

// Tests start processes of their own: these must find the sources too.
process.env["NODE_OPTIONS"] = `${process.env["NODE_OPTIONS"] ?? ""} --conditions=hallpass-source`.trim();

// Three hundred processes read the same sources: what one has compiled the others need not, nor the next run.
process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/hallpass-tests");

// Sixteen files begin with an empty PostgreSQL, each with its own.
if (files.filter((file) => /\.needs-(postgres|pgbouncer)\./.test(file)).length > 1) {
  const on = ground();
  makeCluster(on, "empty");
  process.env[CLUSTER_TO_COPY] = join(on.directory, "empty");
  process.once("exit", () => rmSync(on.directory, { recursive: true, force: true }));
}

const complaints: string[] = [];
const counts = { passed: 0, failed: 0 };
if (files.length === 0) complaints.push("no test file was found");
const stream = run({
  files: [...entriesOf(root, groupsOf(files))],
  cwd: root,
  // What waits for a disk, a child or a lease leaves its core to another.
  concurrency: Math.max(2, Math.ceil(availableParallelism() * 1.5)),
});
stream.on("test:pass", ({ name, file, skip, todo, details }) => {
  if (skip !== undefined || todo !== undefined) complaints.push(`skipped or todo: ${file ?? ""}: ${name}`);
  else if (details.type !== "suite") counts.passed += 1;
});
stream.on("test:fail", () => {
  counts.failed += 1;
});
stream.on("end", () => {
  for (const [part, leftFiles] of left) {
    console.log(`left out: ${part.tool} is not here (${part.install}): ${part.proves}; ${leftFiles.length} files`);
    if (process.env["HALLPASS_CI"] === "1")
      complaints.push(`${part.tool} is missing, and here nothing may be left out`);
  }
  if (left.size === 0) console.log("left out: nothing");
  for (const complaint of complaints) console.error(complaint);
  if (counts.failed > 0 || complaints.length > 0) process.exitCode = 1;
  console.log(
    `${files.length} files, ${counts.passed} passed, ${counts.failed} failed, ${complaints.length} complaints`,
  );
});
stream.compose(new spec()).pipe(process.stdout);
