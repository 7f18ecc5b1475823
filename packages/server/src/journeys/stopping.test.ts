// How a server stops: readiness first, feeds sent elsewhere, requests under way answered, and never later than the limit.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FEED_SUBPROTOCOL } from "@hallpass/protocol";
import { WebSocket } from "ws";
import { type Journey, journey } from "../testing/journey.ts";
import { basicHeader } from "../testing/scene.ts";

async function verifierOf({ server, data, send }: Journey): Promise<WebSocket> {
  const headers = basicHeader(readFileSync(join(data, "demo-api-credentials"), "utf8").trim());
  const { json } = await send({ path: "/oauth2/token", headers, form: { grant_type: "client_credentials" } });
  const authorization = `Bearer ${String(json["access_token"])}`;
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/feed`, FEED_SUBPROTOCOL, {
    headers: { authorization },
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return socket;
}

function greet(socket: WebSocket): void {
  socket.send(
    JSON.stringify({
      type: "hello",
      feed: 1,
      instance: "api-1",
      service: "api",
      version: "1.0.0",
      after: null,
      max_staleness_ms: 60_000,
      on_stale: "unavailable",
    }),
  );
}

async function travel(t: TestContext): Promise<Journey> {
  const travelling = await journey();
  t.after(() => travelling.end());
  return travelling;
}

test("a server with an open feed and idle connections stops at once, and tells the verifier to come back", async (t) => {
  const travelling = await travel(t);
  const socket = await verifierOf(travelling);
  greet(socket);
  const idle = connect(Number(new URL(travelling.server.url).port), "127.0.0.1");
  await new Promise((resolve) => idle.once("connect", resolve));
  const closing = new Promise<number>((resolve) => socket.once("close", resolve));
  const started = performance.now();
  await travelling.server.close();
  assert.equal(await closing, 1012);
  assert.ok(performance.now() - started < 5000);
});

test("a revocation that waits for a verifier is answered before the server stops, and it stands", async (t) => {
  const travelling = await travel(t);
  const socket = await verifierOf(travelling);
  greet(socket);
  await new Promise((resolve) => socket.once("message", resolve));
  const { refresh } = await travelling.signIn();
  const waiting = travelling.operate({
    path: "/v1/revocations",
    json: { targets: [{ type: "subject", subject: "u-1" }], wait_ms: 30_000 },
  });
  // The notice has arrived, so the revocation is committed and its answer waits for an acknowledgement that never comes.
  await new Promise<void>((resolve) =>
    socket.on("message", (message) => {
      if (Buffer.isBuffer(message) && message.toString().includes('"type":"notices"')) resolve();
    }),
  );
  const started = performance.now();
  await travelling.restart();
  assert.ok(performance.now() - started < 5000, "nobody waits for the limit");
  const answer = await waiting;
  assert.equal(answer.status, 201, answer.text);
  assert.equal((await travelling.refresh(refresh)).headers.get("hallpass-verdict"), "ended");
});
