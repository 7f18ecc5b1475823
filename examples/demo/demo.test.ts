// The demo with small numbers: it has to end by itself, and every claim that it prints has to be true.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { DemoResult } from "./play.ts";
import type { Claim } from "./stage.ts";

const main = join(import.meta.dirname, "main.ts");
const run = promisify(execFile);
const SMALL = ["--subjects", "40", "--rate", "50", "--revocations", "6", "--staleness", "3000"];

test("the demo ends by itself, and what it claims is true", { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, ["--conditions=hallpass-source", main, ...SMALL, "--json"]);
  const result = JSON.parse(stdout) as DemoResult & { readonly claims: readonly Claim[] };
  assert.deepEqual(
    result.claims.filter((one) => !one.holds),
    [],
  );
  assert.ok(result.claims.length >= 15, "nothing was left out");
  assert.deepEqual(Object.keys(result.refusedAfterMs), ["api-1", "api-2", "billing-1"]);
  assert.deepEqual(Object.keys(result.traffic.answers), ["200"]);
  assert.equal(result.cutOff.receipt.fleet.waiting, 2);
  assert.equal(result.cutOff.finalReceipt.fleet.enforced, 3);
});

test("verifiers that accept what they can't know are found: the demo fails, and says what is not true", {
  timeout: 60_000,
}, async () => {
  const words = [...SMALL, "--staleness", "1000", "--on-stale", "accept", "--json"];
  const failed = await run(process.execPath, ["--conditions=hallpass-source", main, ...words]).catch(
    (error: unknown) => error,
  );
  assert.ok(failed instanceof Error && "code" in failed && "stdout" in failed);
  assert.equal(failed.code, 1);
  const { claims } = JSON.parse(String(failed.stdout)) as { readonly claims: readonly Claim[] };
  const untrue = claims.filter((one) => !one.holds).map((one) => one.claim);
  for (const about of [/by when each refuses/, /accepted nothing revoked from its refuses_by on/, /503 .*not 401/]) {
    assert.ok(
      untrue.some((claim) => about.test(claim)),
      String(about),
    );
  }
});

test("options that can't be meant are refused in two lines", async () => {
  const failed = await run(process.execPath, ["--conditions=hallpass-source", main, "--rate", "fast"]).catch(
    (error: unknown) => error,
  );
  assert.ok(failed instanceof Error && "code" in failed && "stderr" in failed);
  assert.equal(failed.code, 2);
  assert.match(String(failed.stderr), /^error: .*--rate.*\nhint: .*\n$/);
});
