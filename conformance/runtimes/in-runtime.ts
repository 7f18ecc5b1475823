// What every runtime has to show: a real server, the built package, a process of that runtime in between.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { openSession, operatorToken, type Running, runningServer } from "../interop/running-server.ts";
import { builtPackage } from "./built-package.ts";

export type Feed = "push" | "pull";
/** Starts the program in the directory of the project; answers its port when it listens. */
export type Start = (project: string, settings: string) => Promise<Started>;

export interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

const M = 2000;
/** Between two questions: who asks without a pause takes the processor from whom it asks. */
const ASKED_EVERY_MS = 10;

/** A process that prints `port <number>` when it listens. */
export async function started(command: string, args: readonly string[], cwd: string): Promise<Started> {
  const child = spawn(command, args, {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  for await (const line of createInterface(child.stdout)) {
    const port = /^port (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
  throw new Error(`${command} ended before it listened`);
}

/** The same for one that says nothing: asked until it answers. */
export async function listening(command: string, args: readonly string[], cwd: string, port: number): Promise<Started> {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
  while (child.exitCode === null) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.body?.cancel().then(() => true),
      () => false,
    );
    if (answered === true) return { child, port };
  }
  throw new Error(`${command} ended before it listened`);
}

/** Accepts, refuses what was revoked by its bound and nothing else, and without a server says 503 by M, never 401. */
export async function keepsItsWord(t: TestContext, start: Start, feed: Feed): Promise<void> {
  const { ask, server } = await inRuntime(t, start, feed);
  const bearer = await operatorToken(server);
  const [mine, other] = [await openSession(server, bearer), await openSession(server, bearer)];
  assert.deepEqual(await ask("/", mine.access_token), [200, { subject: "u-1" }]);
  assert.deepEqual(await ask("/", `${mine.access_token.slice(0, -6)}AAAAAA`), [401, { code: "bad_signature" }]);
  assert.deepEqual(await ask("/", undefined), [401, { code: "no_credentials" }]);

  const bound = await revoked(server, bearer, mine.access_token);
  for (;;) {
    const sent = Date.now();
    const [status, said] = await ask("/", mine.access_token);
    if (status === 401) {
      assert.deepEqual(said, { code: "revoked" });
      break;
    }
    assert.equal(status, 200);
    assert.ok(sent < bound, `accepted ${sent - bound} ms after its bound`);
    await wait(ASKED_EVERY_MS);
  }
  assert.deepEqual(await ask("/", other.access_token), [200, { subject: "u-1" }]);

  await server.close();
  const down = Date.now();
  for (;;) {
    const sent = Date.now();
    const [status] = await ask("/", other.access_token);
    if (status === 503) break;
    assert.equal(status, 200);
    assert.ok(sent - down < M, `accepted ${sent - down} ms after the server was gone`);
    await wait(ASKED_EVERY_MS);
  }
}

type Ask = (path: string, token: string | undefined) => Promise<readonly [status: number, said: unknown]>;

async function inRuntime(t: TestContext, start: Start, feed: Feed): Promise<{ ask: Ask; server: Running }> {
  const server = await runningServer();
  t.after(() => server.close());
  const project = builtPackage();
  t.after(() => rmSync(project, { recursive: true }));
  const { id: clientId, secret: clientSecret } = server.verifier;
  const settings = {
    issuer: server.issuer,
    audience: server.audience,
    clientId,
    clientSecret,
    feed,
    maxStalenessMs: `${M}`,
  };
  const { child, port } = await start(project, JSON.stringify(settings));
  t.after(async () => {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  });
  const ask: Ask = async (path, token) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return [response.status, await response.json()];
  };
  assert.equal((await ask("/ready", undefined))[0], 200);
  return { ask, server };
}

/** Takes the session of a token away; answers by when its receipt says that nobody accepts it. */
async function revoked({ issuer }: Running, bearer: string, token: string): Promise<number> {
  const { sid } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    readonly sid: string;
  };
  const response = await fetch(`${issuer}/v1/revocations`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ targets: [{ type: "session", sid }] }),
  });
  const receipt = (await response.json()) as {
    readonly enforced_by_ms: number;
    readonly fleet: { readonly verifiers: number };
  };
  assert.equal(receipt.fleet.verifiers, 1, "the receipt counts the verifier");
  return receipt.enforced_by_ms;
}
