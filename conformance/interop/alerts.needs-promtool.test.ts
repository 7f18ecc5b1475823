// Prometheus' own tool reads the alerts and plays their tests.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const alerts = join(import.meta.dirname, "../../ops/alerts");

for (const [title, args] of [
  ["has nothing to say about the alerts", ["check", "rules", "--lint=all", "hallpass.yml"]],
  ["finds that each fires when it should, and not before", ["test", "rules", "hallpass.test.yml"]],
] as const) {
  test(`promtool ${title}`, () => {
    const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: alerts, encoding: "utf8" });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
}
