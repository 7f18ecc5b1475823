// The guide shows the files that the tests run, and no others.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const FILES = [
  "nginx.conf",
  "Caddyfile",
  "hallpass-check.lua",
  "haproxy.cfg",
  "haproxy-jwt.cfg",
  "jwks-to-pem.mjs",
  "apache.conf",
];

test("the guide to gateways shows every file that a gateway is run with, as it is", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/gateways.md"), "utf8");
  for (const file of FILES) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    assert.ok(guide.includes(`\n${text}\`\`\`\n`), `${file} is not what the guide shows`);
  }
});
