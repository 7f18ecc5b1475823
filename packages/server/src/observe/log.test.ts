import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@hallpass/core";
import { scene } from "../testing/scene.ts";
import { createLog, scrubbed, thrownToLog } from "./log.ts";
import { createMetrics, NOTHING_GAUGED } from "./metrics.ts";
import { observe } from "./observe.ts";

test("what callers send breaks no line and stands in none [L-09]", async () => {
  const lines: string[] = [];
  const log = createLog("debug", { write: (line) => lines.push(line) });
  const stage = await scene({ observer: observe(log, createMetrics(NOTHING_GAUGED)) });
  const hostile = '"}\u001b[31m{"level":"error"';
  for (const path of ["/v1/keys", "/nothing"]) {
    await stage.send({
      path,
      headers: { "user-agent": hostile, "x-request-id": hostile, authorization: `Bearer ${hostile}` },
    });
    await stage.send({ method: "POST", path, headers: { "x-request-id": "caller-1" }, body: hostile });
  }
  assert.ok(lines.length >= 4);
  for (const line of lines) {
    const parsed = JSON.parse(line) as Record<string, unknown>;
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.equal(parsed["level"], "info");
    // With its bracket: a random request id can hold three letters, and never that.
    assert.ok(!line.includes("[31m"));
  }
  assert.ok(lines.some((line) => line.includes('"caller_request_id":"caller-1"')));
});

test("ten thousand paths, methods, clients and agents make no series of their own [L-10]", async () => {
  const metrics = createMetrics(NOTHING_GAUGED);
  const log = createLog("silent", { write: () => {} });
  const stage = await scene({ observer: observe(log, metrics) });
  const series = async (): Promise<number> => (await metrics.registry.metrics()).split("\n").length;
  async function visit(index: number): Promise<void> {
    const headers = { "user-agent": `agent-${index}` };
    await stage.send({ path: `/v1/nothing-${index}`, headers });
    await stage.send({ method: `M${index}`, path: "/v1/keys" });
    await stage.send({ path: `/v1/sessions/s-${index}`, headers });
    const form = { grant_type: `g-${index}`, client_id: `c-${index}` };
    await stage.send({ path: "/oauth2/token", form });
  }
  await visit(0);
  const before = await series();
  for (let index = 1; index < 500; index += 1) await visit(index);
  assert.equal(await series(), before);
});

test("what was thrown is told without anything that looks like a secret", () => {
  const secret = `hpr_${"A".repeat(84)}`;
  const jwt = `eyJ${"a".repeat(20)}.${"b".repeat(20)}.${"c".repeat(20)}`;
  const cause = new Error(`inner ${jwt} Basic ${"d".repeat(20)}`);
  const told = JSON.stringify(thrownToLog(new Error(`outer ${secret}`, { cause })));
  for (const part of [secret, jwt, "d".repeat(20)]) assert.ok(!told.includes(part));
  assert.ok(told.includes("outer") && told.includes("inner"));
  assert.equal(scrubbed("nothing to hide"), "nothing to hide");
});

test("a token's beginning is hidden like the whole, and however often it is repeated, in one look", () => {
  assert.equal(scrubbed(`at ${"eyJ".repeat(100_000)} and on`), "at [token] and on");
  assert.equal(scrubbed(`cut off: eyJ${"a".repeat(20)}.`), "cut off: [token]");
});

test("a fault is told by its code", () => {
  assert.deepEqual(thrownToLog(new Fault("store_full", { cause: "x" })), {
    name: "Fault",
    code: "store_full",
    cause: { thrown: "string" },
  });
});
