// Negative controls of the lint: it is quiet when it is not type-aware, so a quiet run proves nothing by itself.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

const bad: readonly [rule: string, source: string][] = [
  ["no-floating-promises", "export async function f(): Promise<void> {}\nf();\n"],
  ["no-misused-promises", "export async function f(): Promise<boolean> { return true; }\nif (f()) console.log(1);\n"],
  ["only-throw-error", 'export function f(): never { throw "text"; }\n'],
  ["switch-exhaustiveness-check", 'export function f(a: "b" | "c"): void { switch (a) { case "b": break; } }\n'],
  ["no-explicit-any", "export const a: any = 1;\n"],
  ["no-non-null-assertion", "export const a = (b: string | undefined): string => b!;\n"],
  ["max-lines", "console.log(1);\n".repeat(401)],
];

for (const [rule, source] of bad) {
  test(`the lint finds ${rule}`, () => {
    // Outside the tree: whatever else reads the tree at this moment must not see a bad file.
    const folder = mkdtempSync(join(tmpdir(), "hallpass-lint-"));
    try {
      writeFileSync(join(folder, "bad.ts"), source);
      writeFileSync(join(folder, "tsconfig.json"), '{ "compilerOptions": { "strict": true, "types": [] } }');
      const args = ["--type-aware", "--config", join(root, ".oxlintrc.json"), folder];
      const { status, stdout } = spawnSync(join(root, "node_modules/.bin/oxlint"), args, { encoding: "utf8" });
      assert.equal(status, 1, stdout);
      assert.match(stdout, new RegExp(`\\(${rule}\\)`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
