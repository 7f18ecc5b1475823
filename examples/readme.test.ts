// What README and the guide of the first minute say is what the product says.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "@hallpass/server";
import { pasteLines } from "../apps/cli/src/serve/banner.ts";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const guide = readFileSync(join(root, "docs/guides/first-minute.md"), "utf8");

function blocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , code = ""]) => code);
}

test("README is short enough for one minute", () => {
  assert.ok(readme.split("\n").length <= 120);
});

test("every block of code in README is a file that compiles", () => {
  assert.deepEqual(blocks(readme, "ts"), [readFileSync(join(root, "examples/fetch-api/answer.ts"), "utf8")]);
});

test("the lines to paste are those that npm start prints", () => {
  const loaded = loadConfig({ env: {}, over: { development: "true" } });
  assert.ok(loaded.ok);
  const printed = pasteLines({
    config: loaded.config,
    demoUrl: "http://localhost:8027",
    env: { npm_lifecycle_event: "start" },
  });
  const lines = printed.map(({ line }) => line);
  assert.ok(blocks(readme, "sh").includes(`${lines.join("\n")}\n`));
  const shown = blocks(guide, "sh").map((code) => code.trimEnd());
  assert.deepEqual(shown, ["npm ci && npm start", ...lines]);
});

for (const [name, page] of [
  ["README.md", readme],
  ["docs/guides/first-minute.md", guide],
] as const) {
  test(`every link of ${name} leads somewhere`, () => {
    for (const [, target = ""] of page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      assert.ok(existsSync(join(root, dirname(name), target)), target);
    }
  });
}
