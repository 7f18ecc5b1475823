// A server in a process of its own, and what its operator asks of it over HTTP.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverTime } from "./server-time.ts";
import type { ShedTimes } from "./shed-times.ts";

export interface Operated {
  readonly port: number;
  readonly pid: number;
  /** Of the client that refreshes. */
  readonly authorization: string;
  /** Refresh tokens of new sessions, and the sessions' ids. */
  open(count: number): Promise<Opened[]>;
  /** Ends a session by a revocation; how long that took, also by the server's own time, and the status. */
  revoke(sid: string): Promise<{ readonly status: number; readonly ms: number; readonly serverMs: number }>;
  residentBytes(): number;
  /** Of those that were turned away since it was asked last. */
  shed(): Promise<ShedTimes>;
  end(): Promise<void>;
}

export interface Opened {
  readonly sid: string;
  readonly refresh: string;
}

/** How many sessions are opened side by side. */
const AT_ONCE = 16;

export async function operated(name: string, program: string, args: readonly string[]): Promise<Operated> {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), `hallpass-${name}-`));
  const child = spawn(process.execPath, ["--conditions=hallpass-source", program, String(port), data, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Whatever ends this process ends the server.
  process.once("exit", () => child.kill("SIGKILL"));
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error("the server ended before it was ready"))),
  ]);
  const pid = child.pid ?? 0;
  const url = `http://127.0.0.1:${port}`;
  const operator = basic(readFileSync(join(data, "operator-credentials"), "utf8").trim());

  const form = new URLSearchParams({ grant_type: "client_credentials" });
  const answer = await fetch(`${url}/oauth2/token`, {
    method: "POST",
    headers: { authorization: operator },
    body: form,
  });
  const bearer = String(((await checked(answer)) as { access_token: unknown }).access_token);
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const registered = await checked(
    await post("/v1/clients", {
      client_id: "drill",
      name: "Drill",
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["refresh_token"],
      scope: "read",
      audiences: ["https://api.drill.example"],
      policy: "consumer",
    }),
  );
  const { client_secret: secret } = registered as { readonly client_secret: string };
  let subjects = 0;

  async function openOne(): Promise<Opened> {
    subjects += 1;
    const body = { subject: `u-${subjects}`, client_id: "drill", issue: ["refresh"] };
    const opened = await checked(await post("/v1/sessions", body));
    const { session, refresh_token: refresh } = opened as { session: { id: string }; refresh_token: string };
    return { sid: session.id, refresh };
  }

  return {
    port,
    pid,
    authorization: basic(`drill:${secret}`),
    open: async (count) => {
      const all: Opened[] = [];
      while (all.length < count) {
        const some = Array.from({ length: Math.min(AT_ONCE, count - all.length) }, openOne);
        all.push(...(await Promise.all(some)));
      }
      return all;
    },
    revoke: async (sid) => {
      const [started, startedThere] = [performance.now(), serverTime(pid)];
      const { status, ...rest } = await post("/v1/revocations", { targets: [{ type: "session", sid }] });
      await rest.body?.cancel();
      return { status, ms: performance.now() - started, serverMs: serverTime(pid) - startedThere };
    },
    residentBytes: () => {
      const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
      return Number(line?.[1] ?? 0) * 1024;
    },
    shed: async () => {
      const file = join(data, "shed.json");
      rmSync(file, { force: true });
      process.kill(pid, "SIGUSR2");
      while (!existsSync(file)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        // Throws where it has ended: then nobody writes it any more.
        process.kill(pid, 0);
      }
      return JSON.parse(readFileSync(file, "utf8")) as ShedTimes;
    },
    end: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(data, { recursive: true });
    },
  };
}

async function checked(answer: Response): Promise<unknown> {
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
