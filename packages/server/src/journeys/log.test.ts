// The log, the audit and the file of facts on a whole server, over a socket.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AuditExport, chainFaults, checkpointFault, openCheckpoint } from "@hallpass/core";
import { type HandTurned, handTurned } from "../testing/hand-turned.ts";
import { type Journey, journey } from "../testing/journey.ts";

/** Readers, and whoever follows, look each second: here, when the test says so. */
async function travelling(
  t: TestContext,
  more: Parameters<typeof journey>[1] = {},
): Promise<Journey & Pick<HandTurned, "turn" | "reached" | "waiting">> {
  const hand = handTurned(1000);
  const one = await journey({ scheduler: hand.scheduler }, more);
  t.after(() => one.end());
  return Object.assign(one, hand);
}

interface Heard {
  readonly facts: readonly { readonly session: string }[];
  readonly next_cursor: string;
}

test("who follows the log hears of a session when it is opened, and is let go when the server stops", async (t) => {
  const one = await travelling(t);
  const { json } = await one.operate({ path: "/v1/log?limit=200" });
  const timers = one.waiting();
  const waiting = one.operate({ path: `/v1/log?follow=30&after=${String(json["next_cursor"])}` });
  await one.reached(timers + 1);
  const { sid } = await one.signIn();
  const heard = (await waiting).json as unknown as Heard;
  assert.equal(heard.facts[0]?.session, sid);
  const idle = one.operate({ path: `/v1/log?follow=30&after=${heard.next_cursor}` });
  await one.reached(timers + 1);
  const started = performance.now();
  await one.restart();
  const answer = await idle;
  assert.deepEqual([answer.status, answer.json["facts"]], [200, []]);
  assert.ok(performance.now() - started < 5000, "nobody waits for the limit");
});

test("the audit of a running server is one whole chain across a restart, and its checkpoint proves it [AUD-4] [AUD-7]", async (t) => {
  const one = await travelling(t);
  const { refresh } = await one.signIn("ada");
  await one.refresh(refresh);
  await one.turn();
  await one.restart();
  await one.signIn("bob");
  await one.turn();
  const exported = (await one.operate({ path: "/v1/audit" })).json as unknown as AuditExport;
  assert.deepEqual(chainFaults(exported), []);
  const { json } = await one.operate({ method: "POST", path: "/v1/audit/checkpoints" });
  const jwks = (await one.send({ path: "/.well-known/jwks.json" })).json["keys"] as Record<string, unknown>[];
  const point = openCheckpoint(String(json["checkpoint"]), jwks);
  assert.ok(point !== undefined);
  assert.equal(checkpointFault(exported, point), undefined);
  const listed = await one.operate({ path: "/v1/audit/checkpoints" });
  assert.deepEqual(listed.json["checkpoints"], [json]);
  const names = exported.records.flatMap(({ persons }) => persons.map(({ value }) => value));
  assert.ok(names.includes("ada") && names.includes("bob"));
});

test("the file of facts gets every fact, of mode 0600, across a restart", async (t) => {
  const one = await travelling(t, { facts_file: "facts.jsonl" });
  const path = join(one.data, "facts.jsonl");
  const { sid } = await one.signIn();
  await one.turn();
  await one.restart();
  const { sid: second } = await one.signIn();
  await one.turn();
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const facts = lines.map((line) => JSON.parse(line) as { readonly session: string | null; readonly cursor: string });
  for (const id of [sid, second]) assert.ok(facts.some(({ session }) => session === id));
  assert.equal(new Set(facts.map(({ cursor }) => cursor)).size, facts.length);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { json } = await one.operate({ path: "/v1/log/readers" });
  assert.deepEqual(
    (json["readers"] as { readonly name: string }[]).map(({ name }) => name),
    ["audit", "census", "facts-file"],
  );
});

test("refreshes that are only counted are in no log, and their count is in the metrics", async (t) => {
  const one = await travelling(t, { facts_kept_of: "token_refreshed=0" });
  const { refresh } = await one.signIn();
  assert.equal((await one.refresh(refresh)).status, 200);
  const { text } = await one.operate({ path: "/v1/log?kind=token_refreshed" });
  assert.deepEqual(JSON.parse(text).facts, []);
  const page = (await one.operate({ path: "/metrics" })).text;
  assert.match(page, /^hallpass_facts_total\{kind="token_refreshed"\} 1$/m);
});
