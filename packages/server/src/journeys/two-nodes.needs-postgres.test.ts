// Two nodes on one PostgreSQL: any node answers any request, and what one takes away a verifier of the other refuses. The clock of one is half
// a minute behind, that of the other as much ahead.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { instantOf } from "@hallpass/core";
import { freePort, startPostgres } from "@hallpass/store-postgres/testing";
import { createVerifier, type Verdict } from "@hallpass/verifier";
import { DEMO_AUDIENCE } from "../host/first-clients.ts";
import { systemClock } from "../host/system-ports.ts";
import { type RunningServer, startServer } from "../main.ts";
import { basicHeader, configOf, type Received, received, requestOf, type Sent } from "../testing/scene.ts";

const database = await startPostgres();
const directory = mkdtempSync(join(tmpdir(), "hallpass-nodes-"));
const port = await freePort();
const issuer = `http://127.0.0.1:${port}`;
const kek = Buffer.alloc(32, 7).toString("base64url");

// The first node makes what there is once; clients and the verifier know the second one's address.
const SKEW = 30_000;
const a = await start("a", "127.0.0.1:0", -SKEW);
const b = await start("b", `127.0.0.1:${port}`, SKEW);
const operator = readFileSync(join(directory, "a", "operator-credentials"), "utf8").trim();
const [clientId = "", clientSecret = ""] = readFileSync(join(directory, "a", "demo-api-credentials"), "utf8")
  .trim()
  .split(":");

after(async () => {
  await a.close();
  await b.close();
  await database.stop();
  rmSync(directory, { recursive: true });
});

function start(name: string, listen: string, ahead: number): Promise<RunningServer> {
  const data = join(directory, name);
  const config = configOf({ data, issuer, listen, kek, store: database.url });
  const clock = { ...systemClock, now: () => instantOf(systemClock.now() + ahead) };
  return startServer(config, { clock, logTo: { write: () => {} } });
}

async function send(node: RunningServer, sent: Sent): Promise<Received> {
  return received(await fetch(requestOf(sent, node.url)));
}

async function operate(node: RunningServer, sent: Sent): Promise<Received> {
  const form = { grant_type: "client_credentials" };
  const { json } = await send(node, { path: "/oauth2/token", headers: basicHeader(operator), form });
  return send(node, { ...sent, headers: { authorization: `Bearer ${String(json["access_token"])}` } });
}

async function signIn(
  node: RunningServer,
): Promise<{ readonly sid: string; readonly access: string; readonly refresh: string }> {
  const { json, text } = await operate(node, { path: "/v1/sessions", json: { subject: "ada", client_id: "demo" } });
  const session = json["session"] as { readonly id: string } | undefined;
  assert.ok(session !== undefined, text);
  return { sid: session.id, access: String(json["access_token"]), refresh: String(json["refresh_token"]) };
}

function refresh(node: RunningServer, token: string): Promise<Received> {
  const form = { grant_type: "refresh_token", client_id: "demo", refresh_token: token };
  return send(node, { path: "/oauth2/token", form });
}

test("a token of one node is refreshed at the other, and a lost answer is recovered at the first", async () => {
  const { refresh: token } = await signIn(a);
  const rotated = await refresh(b, token);
  assert.equal(rotated.status, 200, rotated.text);
  const retried = await refresh(a, token);
  assert.equal(retried.headers.get("hallpass-verdict"), "retried");
  assert.equal(retried.json["refresh_token"], rotated.json["refresh_token"]);
});

test("sixty-four refreshes of one token at two nodes leave one successor, and nobody is logged out", async () => {
  const { refresh: token } = await signIn(b);
  const all = await Promise.all(Array.from({ length: 64 }, (_, n) => refresh(n % 2 === 0 ? a : b, token)));
  assert.deepEqual([...new Set(all.map(({ status }) => status))], [200]);
  assert.equal(new Set(all.map(({ json }) => json["refresh_token"])).size, 1);
  assert.equal(all.filter(({ headers }) => headers.get("hallpass-verdict") === "rotated").length, 1);
});

test("what is revoked at one node, a verifier that listens to the other refuses, and the receipt of the first says so within its wait [NODE-4] [NODE-7] [RCP-7]", async () => {
  const verifier = createVerifier({
    issuer,
    audience: DEMO_AUDIENCE,
    service: "api",
    credentials: { clientId, clientSecret },
  });
  const { sid, access } = await signIn(a);
  const verify = async (): Promise<Verdict["kind"]> => (await verifier.verify(access)).kind;
  while ((await verify()) === "unavailable") await turn();
  assert.equal(await verify(), "accepted");
  const targets = [{ type: "session", sid }];
  const began = Date.now();
  const revoked = await operate(a, { path: "/v1/revocations", json: { targets, wait_ms: 20_000 } });
  assert.equal(revoked.status, 201, `${revoked.status} ${revoked.text}`);
  // The first node does not hear this verifier: it counts what the second has noted, and the wait ends with it.
  assert.deepEqual(revoked.json["fleet"], { verifiers: 1, enforced: 1, waiting: 0, no_bound: 0 });
  assert.equal(await verify(), "rejected");
  assert.ok(Date.now() - began < 20_000, "long before the time to wait was over");
  const seen = await operate(a, { path: "/v1/verifiers" });
  const [listed] = seen.json["verifiers"] as {
    readonly connected: boolean;
    readonly applied: string;
    readonly node: string;
  }[];
  assert.deepEqual([listed?.connected, listed?.applied], [true, revoked.json["pos"]]);
  const heard = await operate(b, { path: `/v1/revocations/${String(revoked.json["id"])}` });
  assert.equal(heard.status, 200, heard.text);
  verifier.close();
});

test("a key that one node has made current signs at the other at once, and both kinds of token are good", async () => {
  const before = await signIn(b);
  const rotated = await operate(a, { path: "/v1/keys/rotate", json: { force: true } });
  assert.ok(rotated.status < 300, rotated.text);
  const later = await signIn(b);
  const kidOf = (token: string): unknown =>
    (JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { kid: unknown }).kid;
  assert.notEqual(kidOf(before.access), kidOf(later.access));
  assert.equal((await refresh(a, before.refresh)).status, 200);
});

test("the nodes are listed at each of them, and one leads [NODE-1] [NODE-4]", async () => {
  for (const node of [a, b]) {
    const { status, json } = await operate(node, { path: "/v1/nodes" });
    assert.deepEqual([status, json["shared"]], [200, true]);
    const listed = json["nodes"] as { readonly node: string; readonly leads: boolean; readonly silent: boolean }[];
    const leader = json["leader"] as { readonly node: string; readonly term: number };
    assert.equal(leader.term, 1);
    assert.deepEqual(
      listed.map(({ silent }) => silent),
      [false, false],
    );
    assert.deepEqual(
      listed.filter(({ leads }) => leads).map((one) => one.node),
      [leader.node],
    );
  }
});

test("three nodes whose clocks lie a minute apart say the same of a session and of its tokens, and by the store's clock [S-08]", async () => {
  const c = await start("c", "127.0.0.1:0", 0);
  const nodes = [a, b, c];
  try {
    const before = Math.floor(Date.now() / 1000) - 1;
    const { sid, access, refresh: first } = await signIn(a);
    let token = first;
    const tokens = [access];
    for (const node of nodes) {
      const { status, json, text } = await refresh(node, token);
      assert.equal(status, 200, text);
      token = String(json["refresh_token"]);
      tokens.push(String(json["access_token"]));
    }
    for (const one of tokens) {
      const said = await saidBy(nodes, one);
      assert.equal(new Set(said.map((each) => JSON.stringify(each))).size, 1);
      const { active, iat } = said[0] as { readonly active: unknown; readonly iat: number };
      assert.equal(active, true);
      assert.ok(iat >= before && iat <= Date.now() / 1000 + 1, `issued at ${iat}`);
    }
    const seen = await Promise.all(nodes.map((node) => operate(node, { path: `/v1/sessions/${sid}` })));
    assert.equal(new Set(seen.map(({ text }) => text)).size, 1);
    const kept = await operate(b, { path: `/v1/sessions/${sid}/keep-alive`, json: {} });
    assert.deepEqual([kept.status, kept.json], [200, { moved: false }]);
    const ended = await operate(a, { path: `/v1/sessions/${sid}/end`, json: {} });
    assert.equal(ended.status, 200, ended.text);
    for (const one of tokens) {
      const states = (await saidBy(nodes, one)).map(({ active }) => active);
      assert.deepEqual(states, [false, false, false]);
    }
    for (const node of nodes) assert.equal((await refresh(node, token)).json["error"], "invalid_grant");
  } finally {
    await c.close();
  }
});

function saidBy(nodes: readonly RunningServer[], token: string): Promise<readonly Received["json"][]> {
  const headers = basicHeader(`${clientId}:${clientSecret}`);
  return Promise.all(
    nodes.map(async (node) => (await send(node, { path: "/oauth2/introspect", headers, form: { token } })).json),
  );
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
