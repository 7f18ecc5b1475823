// The guide shows the file that the test runs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

test("the guide to TLS and proxies shows nginx.conf as it is run", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/tls-and-proxies.md"), "utf8");
  const text = readFileSync(join(import.meta.dirname, "nginx.conf"), "utf8");
  assert.ok(guide.includes(`\n${text}\`\`\`\n`), "nginx.conf is not what the guide shows");
});
