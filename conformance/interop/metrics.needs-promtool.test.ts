// Prometheus' own tool reads the metrics page.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { openSession, operatorToken, runningServer } from "./running-server.ts";

test("promtool reads the metrics page and has nothing to say about our metrics", async (t) => {
  const server = await runningServer();
  t.after(() => server.close());
  const authorization = `Bearer ${await operatorToken(server)}`;
  await openSession(server, authorization.slice(7));
  const page = await (await fetch(`${server.issuer}/metrics`, { headers: { authorization } })).text();
  assert.match(page, /^hallpass_tokens_issued_total\{by="session"\} 1$/m);
  const ours = page
    .split("\n")
    .filter((line) => /^(?:# \w+ )?hallpass_/.test(line))
    .join("\n");
  const checked = spawnSync("promtool", ["check", "metrics"], { input: `${ours}\n`, encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stderr);
  assert.equal(checked.stderr, "");
});
