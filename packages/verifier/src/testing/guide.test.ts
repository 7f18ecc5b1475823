// The page docs/guides/testing-your-logout.md, run: its code blocks, in order, are one program.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { test } from "node:test";
import { Hono } from "hono";
import { hallpass } from "../hono.ts";
import { createTestIssuer } from "./index.ts";

const page = readFileSync(new URL("../../../../docs/guides/testing-your-logout.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);

test("every code block of the guide to testing a logout does what the page says", async () => {
  assert.equal(blocks.length, 7);
  const imports = blocks.flatMap((code) => code.match(/^import .*;$/gm) ?? []);
  assert.deepEqual(imports, [
    'import { Hono } from "hono";',
    'import { hallpass } from "@hallpass/verifier/hono";',
    'import { createTestIssuer } from "@hallpass/verifier/testing";',
    'import type { Verifier } from "@hallpass/verifier";',
  ]);
  const program = stripTypeScriptTypes(blocks.join("\n").replaceAll(/^import .*;$/gm, ""));
  const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as FunctionConstructor;
  // The page is part of this repository, and this is its test.
  await new AsyncFunction("assert", "Hono", "hallpass", "createTestIssuer", program)(
    assert,
    Hono,
    hallpass,
    createTestIssuer,
  );
});
