// `node --conditions=hallpass-source drills/permissions/main.ts`
// A server on PostgreSQL that may do no more than it needs, under Node's permission model: reach the network, read its own sources, and read and
// write its data directory; no process, no worker, no addon, no other file. It gives a token, opens a session, revokes it, and drains. Exits
// with 1 if one of these fails, or if the same server without the right to use the network, the control, serves as well.
// Needs Debian's package postgresql. Of the attacks of spec/attacks.md: [P-03].

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatClientSecret } from "@hallpass/protocol";
import { freePort, startPostgres } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLI = join(ROOT, "apps/cli/src/main.ts");
const PATIENCE_MS = 60_000;
const ISSUER = "https://auth.example";

const database = await startPostgres();
const data = mkdtempSync(join(tmpdir(), "hallpass-permissions-"));
const secret = formatClientSecret(randomBytes(32));
const rights = [`--allow-fs-read=${ROOT}`, `--allow-fs-read=${data}`, `--allow-fs-write=${data}`];
const broken: string[] = [];

interface Told {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What became of a server with these flags: what `life` told of it, or undefined where it never served. */
async function served(flags: readonly string[], life: (url: string) => Promise<void>): Promise<number | undefined> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(process.execPath, [...flags, "--conditions=hallpass-source", CLI, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HALLPASS_ISSUER: ISSUER,
      HALLPASS_LISTEN: `127.0.0.1:${port}`,
      HALLPASS_STORE: database.url,
      HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
      HALLPASS_DATA: data,
      HALLPASS_OPERATOR_SECRET_SHA256: createHash("sha256").update(secret).digest("base64url"),
      HALLPASS_LOG_LEVEL: "silent",
    },
  });
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const left = once(server, "exit").then(([code]) => code as number | null);
  const end = performance.now() + PATIENCE_MS;
  try {
    for (;;) {
      const ready = await fetch(`${url}/readyz`).catch(() => undefined);
      if (ready?.status === 200) break;
      if (server.exitCode !== null || performance.now() > end) {
        console.error(said);
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await life(url);
    server.kill("SIGTERM");
    return (await left) ?? -1;
  } finally {
    server.kill("SIGKILL");
  }
}

async function ask(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Told> {
  const answer = await fetch(url, { method: "POST", headers, body });
  return { status: answer.status, json: (await answer.json()) as Told["json"] };
}

async function live(url: string): Promise<void> {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const basic = { ...form, authorization: `Basic ${Buffer.from(`operator:${secret}`).toString("base64")}` };
  const granted = await ask(`${url}/oauth2/token`, basic, "grant_type=client_credentials");
  const bearer = {
    "content-type": "application/json",
    authorization: `Bearer ${String(granted.json["access_token"])}`,
  };
  const app = {
    client_id: "app",
    token_endpoint_auth_method: "none",
    grant_types: ["refresh_token"],
    scope: "read",
    audiences: ["https://api.example"],
  };
  const registered = await ask(`${url}/v1/clients`, bearer, JSON.stringify(app));
  const opened = await ask(`${url}/v1/sessions`, bearer, JSON.stringify({ subject: "ada", client_id: "app" }));
  const { id: sid } = (opened.json["session"] ?? {}) as { readonly id?: string };
  const token = String(opened.json["refresh_token"]);
  const refresh = `grant_type=refresh_token&client_id=app&refresh_token=${token}`;
  const refreshed = await ask(`${url}/oauth2/token`, form, refresh);
  const revoked = await ask(`${url}/v1/revocations`, bearer, JSON.stringify({ targets: [{ type: "session", sid }] }));
  const over = await ask(`${url}/oauth2/token`, form, refresh);
  const statuses = [granted, registered, opened, refreshed, revoked, over].map(({ status }) => status);
  if (statuses.join(" ") !== "200 201 201 200 201 400") broken.push(`a life was answered with ${statuses.join(" ")}`);
}

try {
  const left = await served(["--permission", "--allow-net", ...rights], live);
  if (left !== 0) broken.push(left === undefined ? "it did not start" : `it left with ${left}`);
  const control = await served(["--permission", ...rights], async () => undefined);
  if (control !== undefined) broken.push("a server without the right to use the network served: nothing was withheld");
  for (const one of broken) console.log(`broken: ${one}`);
  sayProof({
    id: "permissions",
    promise: "P12",
    figure: `a server on PostgreSQL with no right to start a process or a worker, to load an addon, or to write outside of its data directory: a token, a session, a refresh, a revocation and a drain, ${broken.length} of them wrong`,
    control: `the same server without the right to use the network ${control === undefined ? "did not start" : "served"}`,
    seeds: "none",
    notShown: [
      "a server on SQLite, or a first start that writes keys and credentials: under the permission model Node flushes no file by its descriptor",
    ],
    passed: broken.length === 0,
  });
} finally {
  await database.stop();
  rmSync(data, { recursive: true, force: true });
}
