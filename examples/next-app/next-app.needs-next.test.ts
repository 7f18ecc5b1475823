// The app as Next builds it, started, with the built packages beside it and a real server behind them.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { freePort, openSession, operatorToken, runningServer } from "../../conformance/interop/running-server.ts";
import { builtPackage } from "../../conformance/runtimes/built-package.ts";

const app = import.meta.dirname;
const next = join(app, "node_modules/next/dist/bin/next");

async function started(t: TestContext, settings: Readonly<Record<string, string>>): Promise<string> {
  const project = builtPackage();
  cpSync(join(project, "node_modules/@hallpass"), join(app, "node_modules/@hallpass"), { recursive: true });
  rmSync(project, { recursive: true });
  const env = { ...process.env, ...settings, NODE_OPTIONS: "", NEXT_TELEMETRY_DISABLED: "1" };
  execFileSync(process.execPath, [next, "build"], { cwd: app, env, stdio: ["ignore", "ignore", "inherit"] });
  const port = await freePort();
  const args = [next, "start", "--hostname", "127.0.0.1", "--port", `${port}`];
  const child = spawn(process.execPath, args, { cwd: app, env, stdio: ["ignore", "pipe", "inherit"] });
  t.after(async () => {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  });
  for await (const line of createInterface(child.stdout)) {
    if (line.includes("Ready")) return `http://127.0.0.1:${port}`;
  }
  throw new Error("next ended before it listened");
}

test("the Next app protects its routes, by header and by cookie, and a logout reaches it by its bound", async (t) => {
  const server = await runningServer();
  t.after(() => server.close());
  const { id, secret } = server.verifier;
  const base = await started(t, {
    ISSUER: server.issuer,
    AUDIENCE: server.audience,
    CLIENT_ID: id,
    CLIENT_SECRET: secret,
  });
  const operator = await operatorToken(server);
  const { access_token: token } = await openSession(server, operator);
  const bearer = { authorization: `Bearer ${token}` };
  const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${base}${path}`, init);
  const statusOf = async (path: string, init: RequestInit = {}): Promise<number> => {
    const { status, body } = await ask(path, init);
    await body?.cancel();
    return status;
  };

  assert.equal(await statusOf("/open"), 200);
  const refused = await ask("/notes");
  assert.deepEqual(
    [refused.status, refused.headers.get("www-authenticate"), refused.headers.get("cache-control")],
    [401, 'Bearer realm="protected"', "no-store"],
  );
  assert.equal(await statusOf("/notes", { method: "POST", body: "x", headers: bearer }), 201);
  assert.deepEqual(await (await ask("/notes", { headers: bearer })).json(), ["x"]);

  const stepUp = await ask("/notes/7", { method: "DELETE", headers: bearer });
  assert.equal(stepUp.status, 401);
  assert.match(stepUp.headers.get("www-authenticate") ?? "", /insufficient_user_authentication", max_age="300"$/);

  const cookie = `__Host-session=${token}`;
  const own = { cookie, origin: new URL(server.audience).origin };
  assert.equal(await statusOf("/notes", { headers: { cookie } }), 200);
  assert.equal(await statusOf("/notes", { method: "POST", body: "y", headers: own }), 201);
  for (const headers of [{ cookie }, { cookie, origin: "https://evil.example" }, { cookie, origin: "null" }]) {
    assert.equal(await statusOf("/notes", { method: "POST", body: "z", headers }), 403, JSON.stringify(headers));
  }
  assert.deepEqual(await (await ask("/notes", { headers: bearer })).json(), ["x", "y"]);

  const { sid } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    readonly sid: string;
  };
  const ended = await fetch(`${server.issuer}/v1/sessions/${sid}/end`, {
    method: "POST",
    headers: { authorization: `Bearer ${operator}` },
  });
  const { enforced_by_ms: bound } = (await ended.json()) as { readonly enforced_by_ms: number };
  for (;;) {
    const sent = Date.now();
    const status = await statusOf("/notes", { headers: bearer });
    if (status === 401) break;
    assert.equal(status, 200);
    assert.ok(sent < bound, `accepted ${sent - bound} ms after its bound`);
    await wait(10);
  }
});
