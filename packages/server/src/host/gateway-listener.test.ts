// The listener for gateways, over a socket: it answers /check and nothing else.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type RunningServer, startServer } from "../main.ts";
import type { Reply } from "../replies.ts";
import { configOf, ISSUER } from "../testing/scene.ts";
import { SHOP_ISSUER } from "../testing/two-tenants.ts";
import { listenForGateways } from "./gateway-listener.ts";
import { inARow } from "./in-a-row.ts";

const data = mkdtempSync(join(tmpdir(), "hallpass-gateway-"));
let server: RunningServer;
before(async () => {
  const config = configOf({
    data,
    issuer: ISSUER,
    gateway_listen: "127.0.0.1:0",
    tenants: JSON.stringify({ shop: { issuer: SHOP_ISSUER } }),
  });
  server = await startServer(config, { logTo: { write: () => {} } });
});
after(async () => {
  await server.close();
  rmSync(data, { recursive: true });
});

const at = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${server.gatewayUrl ?? ""}${path}`, { headers: { ...headers } });

test("it answers /check and nothing else, and the main listener does not answer it [CHK-1]", async () => {
  assert.equal((await at("/check?audience=https://api.example")).status, 401);
  assert.equal((await at("/check/shop?audience=https://api.example")).status, 401);
  for (const path of ["/", "/check/", "/check/nobody", "/checks", "/v1/sessions", "/metrics"])
    assert.equal((await at(path)).status, 404, path);
  assert.equal((await fetch(`${server.url}/check?audience=https://api.example`)).status, 404);
});

test("a head that a gateway let in is read, up to 64 KiB [CHK-1] [E-04]", async () => {
  const cookie = (bytes: number): Readonly<Record<string, string>> => ({ cookie: `a=${"x".repeat(bytes)}` });
  assert.equal((await at("/check?audience=https://api.example", cookie(60_000))).status, 401);
  assert.equal((await at("/check?audience=https://api.example", cookie(70_000))).status, 431);
});

test("two lines of Authorization are seen as two, and a body is not waited for [CHK-1] [C-02]", async () => {
  const { port, hostname } = new URL(server.gatewayUrl ?? "");
  const socket = connect(Number(port), hostname);
  socket.write(
    "POST /check?audience=https://api.example HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n" +
      "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
  );
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  const head = chunk.toString();
  assert.match(head, /^HTTP\/1\.1 401 /);
  assert.match(head, /www-authenticate: Bearer realm="hallpass", error="invalid_request"/);
});

test("what gateways ask in one turn is answered in a row, when its turn comes [LOAD-8]", async () => {
  const turns: (() => void)[] = [];
  const asked: string[] = [];
  let arrived = (): void => {};
  const row = inARow(
    (task) => {
      turns.push(task);
      arrived();
    },
    { monotonic: () => 0 },
  );
  const check = (query: string): Promise<Reply> => {
    asked.push(query);
    return Promise.resolve({ status: 200, headers: { "hallpass-subject": query }, body: null });
  };
  const gateways = await listenForGateways({ host: "127.0.0.1", port: 0 }, new Map([["default", check]]), row);
  const comes = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const answer = fetch(`${gateways.url ?? ""}/check?one`);
  await comes;
  assert.deepEqual([asked, turns.length], [[], 1]);
  for (const turn of turns.splice(0)) turn();
  const { status, headers } = await answer;
  assert.deepEqual([status, headers.get("hallpass-subject"), headers.get("content-length")], [200, "one", "0"]);
  assert.deepEqual(asked, ["one"]);
  await gateways.close(0);
});

test("an answer that no header can hold ends its connection, and the next one is answered [CHK-1]", async () => {
  const check = (query: string): Promise<Reply> =>
    Promise.resolve({ status: 200, headers: { "hallpass-subject": query === "bad" ? "a\nb" : query }, body: null });
  const row = inARow(setImmediate, { monotonic: () => 0 });
  const gateways = await listenForGateways({ host: "127.0.0.1", port: 0 }, new Map([["default", check]]), row);
  await assert.rejects(fetch(`${gateways.url ?? ""}/check?bad`), TypeError);
  const { status, headers } = await fetch(`${gateways.url ?? ""}/check?one`);
  assert.deepEqual([status, headers.get("hallpass-subject")], [200, "one"]);
  await gateways.close(0);
});
