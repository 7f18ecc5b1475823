import { test } from "node:test";
import { keepsItsWord, started } from "./in-runtime.ts";

for (const feed of ["push", "pull"] as const) {
  test(`Node, ${feed}: accepts, refuses what was revoked within its bound and nothing else, and without a server knows nothing instead of saying no [RUN-1]`, (t) =>
    keepsItsWord(t, (project, settings) => started(process.execPath, ["node.js", settings], project), feed));
}
