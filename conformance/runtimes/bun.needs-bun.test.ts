import { join } from "node:path";
import { test } from "node:test";
import { keepsItsWord, started } from "./in-runtime.ts";

const bun = join(import.meta.dirname, "node_modules/@oven/bun-linux-x64/bin/bun");

for (const feed of ["push", "pull"] as const) {
  test(`Bun, ${feed}: accepts, refuses what was revoked within its bound and nothing else, and without a server knows nothing instead of saying no [RUN-1]`, (t) =>
    keepsItsWord(t, (project, settings) => started(bun, ["bun.js", settings], project), feed));
}
