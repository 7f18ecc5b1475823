// A server that is killed in the middle of a revocation of many sessions: the next process goes on by itself.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type OpenSession, openSession, parseClientId, parseSubjectId, type SubjectId } from "@hallpass/core";
import { loadConfig } from "../config.ts";
import { startServer } from "../main.ts";
import { basicHeader, type Received, received, requestOf, type Sent } from "../testing/scene.ts";

const SERVE = join(import.meta.dirname, "../testing/serve-process.ts");
const SESSIONS = 1200;

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
}

async function serve(data: string): Promise<Served> {
  const child = spawn(process.execPath, ["--conditions=hallpass-source", SERVE, data], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8");
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the process left before it listened")));
    child.stdout.on("data", (chunk: string) => {
      output += chunk;
      const found = /"url":"([^"]+)"/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return { child, url };
}

async function kill({ child }: Served): Promise<void> {
  const left = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await left;
}

/** Sessions of as many subjects; every second one is where the query will look. */
async function aCrowd(data: string): Promise<readonly { readonly token: string; readonly isMeant: boolean }[]> {
  const loaded = loadConfig({ env: {}, over: { development: "true", data, listen: "127.0.0.1:0" } });
  const client = parseClientId("demo");
  assert.ok(loaded.ok && client !== undefined);
  const server = await startServer(loaded.config, { logTo: { write: () => {} } });
  const opening = (n: number, isMeant: boolean): OpenSession => ({
    subject: parseSubjectId(`u-${n}`) ?? ("" as SubjectId),
    client,
    device: { name: null, userAgent: null, ip: isMeant ? "203.0.113.7" : "198.51.100.7" },
    issue: { access: false, refresh: true },
    audience: undefined,
    scope: undefined,
    acr: null,
    amr: [],
    authTime: null,
    policy: undefined,
    remember: false,
    parent: null,
    replaces: null,
    claims: {},
    actor: null,
    idempotency: null,
  });
  const all = Array.from({ length: SESSIONS }, async (_, n) => {
    const isMeant = n % 2 === 0;
    const opened = await openSession(server.services, opening(n, isMeant));
    assert.ok(opened.ok);
    return { token: opened.value.tokens.refresh?.reveal() ?? "", isMeant };
  });
  const crowd = await Promise.all(all);
  await server.close();
  return crowd;
}

async function send({ url }: Served, sent: Sent): Promise<Received> {
  return received(await fetch(requestOf(sent, url)));
}

async function operator(data: string, served: Served): Promise<(sent: Sent) => Promise<Received>> {
  const credentials = readFileSync(join(data, "operator-credentials"), "utf8").trim();
  const form = { grant_type: "client_credentials" };
  const { json } = await send(served, { path: "/oauth2/token", headers: basicHeader(credentials), form });
  const authorization = `Bearer ${String(json["access_token"])}`;
  return (sent) => send(served, { ...sent, headers: { authorization } });
}

async function seenMoving(ask: (sent: Sent) => Promise<Received>, path: string): Promise<void> {
  for (;;) {
    const { json } = await ask({ path });
    assert.equal(json["status"], "running", "it was over before it could be killed");
    if (Number(json["ended_sessions"]) > 0) return;
  }
}

test("a run whose server is killed in its middle is taken up by the next, and ends all who were meant and nobody else [RCP-11] [P1]", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-killed-"));
  t.after(() => rmSync(data, { recursive: true }));
  const crowd = await aCrowd(data);
  let served = await serve(data);
  t.after(() => kill(served).catch(() => undefined));
  let ask = await operator(data, served);
  const targets = [{ type: "query", query: { ip: "203.0.113.0/24" } }];
  const begun = await ask({ path: "/v1/revocations", json: { targets } });
  assert.equal(begun.json["status"], "running", begun.text);
  const path = `/v1/revocations/${String(begun.json["id"])}`;
  await seenMoving(ask, path);
  await kill(served);
  served = await serve(data);
  ask = await operator(data, served);
  const { json } = await ask({ path: `${path}?wait_ms=30000` });
  assert.deepEqual(
    [json["status"], json["ended_sessions"], json["scanned_sessions"]],
    ["complete", SESSIONS / 2, SESSIONS],
  );
  const answers = new Set<string>();
  // One after the other: a server that has just started may turn away whoever comes in a crowd.
  for (const { token, isMeant } of crowd.filter((_, index) => index % 37 < 4)) {
    const form = { grant_type: "refresh_token", client_id: "demo", refresh_token: token };
    const { status, text } = await send(served, { path: "/oauth2/token", form });
    answers.add(status === (isMeant ? 400 : 200) ? "as it should be" : `${isMeant ? "meant" : "spared"}: ${text}`);
  }
  assert.deepEqual([...answers], ["as it should be"]);
});
