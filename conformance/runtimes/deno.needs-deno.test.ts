import { join } from "node:path";
import { test } from "node:test";
import { keepsItsWord, started } from "./in-runtime.ts";

const deno = join(import.meta.dirname, "node_modules/@deno/linux-x64-glibc/deno");
const RUN = ["run", "--no-prompt", "--no-remote", "--node-modules-dir=manual", "--allow-net", "deno.js"];

for (const feed of ["push", "pull"] as const) {
  test(`Deno, ${feed}: accepts, refuses what was revoked within its bound and nothing else, and without a server knows nothing instead of saying no [RUN-1]`, (t) =>
    keepsItsWord(t, (project, settings) => started(deno, [...RUN, settings], project), feed));
}
