// HAProxy with an action that asks, and HAProxy with jwt_verify.

import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { asksBeforeItPasses } from "./forward-auth.ts";
import { verifiesTokens } from "./verifies-tokens.ts";

asksBeforeItPasses("HAProxy", async ({ written, run }) => {
  const action = written("hallpass-check.lua");
  const path = written("haproxy.cfg", { "/etc/haproxy/hallpass-check.lua": action });
  await run("haproxy", ["-db", "-f", path]);
});

verifiesTokens("HAProxy with jwt_verify", async ({ folder, issuer, written, run }) => {
  const keys = join(folder, "keys");
  mkdirSync(keys);
  const script = join(import.meta.dirname, "jwks-to-pem.mjs");
  await promisify(execFile)(process.execPath, [script, `${issuer}/.well-known/jwks.json`, keys]);
  await run("haproxy", ["-db", "-f", written("haproxy-jwt.cfg", { "/etc/haproxy/keys": keys })]);
});
