// Draws the arrows of the tree and holds it to scripts/architecture/arrows.ts.
// The second half feeds the same walk with bad trees: a check that can't fail is a defect.

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { test } from "node:test";
import { arrows, roots } from "./architecture/arrows.ts";
import { importsOf, maskSource } from "./architecture/masked-source.ts";
import { type Kind, violationsOf } from "./architecture/violations.ts";

const root = join(import.meta.dirname, "..");

function treeOnDisk(): Map<string, string> {
  const patterns = roots.flatMap((folder) => [`${folder}/**/*.ts`, `${folder}/*/package.json`]);
  const paths = globSync(patterns, { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] });
  return new Map(paths.map((path) => [path.split(sep).join("/"), readFileSync(join(root, path), "utf8")]));
}

test("the tree keeps to the table of arrows", () => {
  const tree = treeOnDisk();
  assert.ok(tree.has("scripts/architecture.test.ts"), "the walk finds this file");
  for (const { folder } of arrows) {
    assert.ok(existsSync(join(root, folder, "package.json")), `${folder} is in the table and on the disk`);
    assert.ok(tree.has(`${folder}/src/index.ts`), `the walk finds ${folder}/src/index.ts`);
  }
  const found = violationsOf(tree).map(({ kind, path, detail }) => `${kind}: ${path}: ${detail}`);
  assert.deepEqual(found, []);
});

const manifest = (...names: string[]): string =>
  JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, "1.0.0"])) });

function kindsIn(files: Record<string, string>): Kind[] {
  return violationsOf(new Map(Object.entries(files))).map(({ kind }) => kind);
}

const bad: readonly [title: string, kind: Kind, files: Record<string, string>][] = [
  ["protocol imports core", "arrow", { "packages/protocol/src/a.ts": 'import { x } from "@hallpass/core";' }],
  [
    "protocol imports a type of core",
    "arrow",
    { "packages/protocol/src/a.ts": 'import type { X } from "@hallpass/core";' },
  ],
  ["verifier imports core dynamically", "arrow", { "packages/verifier/src/a.ts": 'await import("@hallpass/core");' }],
  ["verifier re-exports core", "arrow", { "packages/verifier/src/a.ts": 'export * from "@hallpass/core";' }],
  ["verifier imports core for its side effect", "arrow", { "packages/verifier/src/a.ts": 'import "@hallpass/core";' }],
  [
    "an endpoint chooses a store",
    "arrow",
    { "packages/server/src/endpoints/a.ts": 'import { x } from "@hallpass/store-sqlite";' },
  ],
  ["cli imports a store", "arrow", { "apps/cli/src/a.ts": 'import { x } from "@hallpass/store-memory";' }],
  [
    "a store's source imports the contract",
    "arrow",
    { "packages/store-memory/src/a.ts": 'import { x } from "@hallpass/store-contract";' },
  ],
  [
    "a known package is not declared",
    "undeclared",
    { "packages/core/src/a.ts": 'import { x } from "@hallpass/protocol";' },
  ],
  ["a third party is not declared", "undeclared", { "packages/server/src/a.ts": 'import pino from "pino";' }],
  ["a package without a row", "no row", { "packages/browser/src/a.ts": "export const x = 1;" }],
  [
    "core reaches into protocol by path",
    "reaches around",
    { "packages/core/src/a.ts": 'import { x } from "../../protocol/src/b.ts";' },
  ],
  ["an import leads nowhere", "unresolved", { "packages/core/src/a.ts": 'import { x } from "./b.js";' }],
  [
    "two files import each other",
    "cycle",
    {
      "packages/core/src/a.ts": 'import { b } from "./b.ts";',
      "packages/core/src/b.ts": 'import type { A } from "./a.ts";',
    },
  ],
  ["core imports a third party", "foreign import", { "packages/core/src/a.ts": 'import { z } from "zod";' }],
  ["core imports node:fs", "foreign import", { "packages/core/src/a.ts": 'import fs from "node:fs";' }],
  [
    "protocol imports node:crypto",
    "foreign import",
    { "packages/protocol/src/a.ts": 'import { hash } from "node:crypto";' },
  ],
  [
    "verifier imports node:crypto",
    "foreign import",
    { "packages/verifier/src/a.ts": 'import { hash } from "node:crypto";' },
  ],
  [
    "verifier imports hono at run time",
    "foreign import",
    { "packages/verifier/src/hono.ts": 'import { Hono } from "hono";' },
  ],
  ["core imports a foreign type", "foreign import", { "packages/core/src/a.ts": 'import type { Z } from "zod";' }],
  ["a folder called utils", "folder name", { "packages/core/src/utils/a.ts": "export const x = 1;" }],
  ["a folder called lib outside the packages", "folder name", { "scripts/lib/a.ts": "export const x = 1;" }],
  ["401 lines", "too long", { "scripts/a.ts": "x;\n".repeat(401) }],
  ...[
    "Date.now()",
    "new Date()",
    "new Date",
    "Date()",
    "performance.now()",
    "process.hrtime.bigint()",
    "Math.random()",
    "crypto.getRandomValues(x)",
    "randomBytes(16)",
    "crypto.randomBytes(16)",
    "crypto.randomUUID()",
    "setTimeout(f, 1)",
    "globalThis.setTimeout(f, 1)",
    "setImmediate(f)",
    "AbortSignal.timeout(5)",
    "setInterval(f, 1)",
    "`at ${Date.now()}`",
  ].map((code): [string, Kind, Record<string, string>] => [
    code,
    "ban",
    { "packages/server/src/a.ts": `const a = ${code};` },
  ]),
  ["a store reads the clock", "ban", { "packages/store-sqlite/src/a.ts": "const a = Date.now();" }],
  ["core sets a timer", "ban", { "packages/core/src/a.ts": "const a = setTimeout(f, 1);" }],
];

for (const [title, kind, files] of bad) {
  test(`a bad tree is found: ${title}`, () => {
    assert.deepEqual(kindsIn(files), [kind]);
  });
}

const good: readonly [title: string, files: Record<string, string>][] = [
  ["400 lines", { "scripts/a.ts": "x;\n".repeat(400) }],
  [
    "main chooses a store",
    {
      "packages/server/src/main.ts": 'import { x } from "@hallpass/store-sqlite";',
      "packages/server/package.json": manifest("@hallpass/store-sqlite"),
    },
  ],
  ["core hashes", { "packages/core/src/a.ts": 'import { hash } from "node:crypto";' }],
  ["verifier names a foreign type", { "packages/verifier/src/hono.ts": 'import type { Context } from "hono";' }],
  [
    "a test uses the contract",
    { "packages/store-memory/src/a.test.ts": 'import { x } from "@hallpass/store-contract";' },
  ],
  [
    "a declared dependency",
    {
      "packages/server/src/a.ts": 'import { serve } from "@hono/node-server/x";',
      "packages/server/package.json": manifest("@hono/node-server"),
    },
  ],
  [
    "a comment and a text",
    { "packages/core/src/a.ts": '// import "zod"; Date.now()\nexport const a = "Date.now()"; /* setTimeout(f) */' },
  ],
  [
    "a date of a given instant",
    { "packages/core/src/a.ts": "export const a = (at: number): string => new Date(at).toISOString();" },
  ],
  ["a port of the same name", { "packages/core/src/a.ts": "deps.clock.setTimeout(f, 1); dice.randomBytes(16);" }],
  ["main reads the clock", { "packages/server/src/main.ts": "Date.now(); Math.random(); setInterval(f, 1);" }],
  ["sqlite sets a timer", { "packages/store-sqlite/src/a.ts": "setTimeout(f, 1);" }],
];

for (const [title, files] of good) {
  test(`a good tree passes: ${title}`, () => {
    assert.deepEqual(kindsIn(files), []);
  });
}

test("imports are found in every form, and nowhere else", () => {
  const source = [
    'import a, { b } from "one";',
    'import type { C } from "two";',
    'import {\n  type D,\n  e,\n} from "three";',
    'export { f } from "four";',
    'export type * from "five";',
    'import "six";',
    'const g = await import("seven");',
    "const h = `${await import('eight')} import \"no\"`;",
    'const i = /import "no"/.test("import \\"no\\"");',
    'export type J = "no";',
  ].join("\n");
  assert.deepEqual(
    importsOf(maskSource(source)).map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier)),
    ["one", "type two", "three", "four", "type five", "six", "seven", "eight"],
  );
});
