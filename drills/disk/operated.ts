// A server in a process of its own that can be killed and started again on the same data, and what its operator and its users ask of it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

export interface Session {
  readonly sid: string;
  refresh: string;
}

export interface Operated {
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: () => number;
  readonly bearer: () => string;
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  open(count: number): Promise<Session[]>;
  /** The status of the answer; 0 without one. */
  revoke(sid: string): Promise<number>;
  /** With its place in the order of notices. */
  revoked(sid: string): Promise<{ readonly status: number; readonly seq: number }>;
  /** The same; keeps the next token if there is one. */
  refresh(session: Session): Promise<number>;
  /** `active`, `ended`, or a status that is not 200. */
  stateOf(sid: string): Promise<string>;
  ready(): Promise<number>;
  /** The sum of all series of each, of one page. */
  metrics(...names: readonly string[]): Promise<readonly number[]>;
}

export interface ServerProgram {
  /** Gets the port and the data directory, and what stands in `more`. */
  readonly program: string;
  readonly more?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 10_000;

export async function operated(data: string, { program, more = [], env = {} }: ServerProgram): Promise<Operated> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [program, String(port), data, ...more];
  let child: ChildProcess | undefined;
  let bearer = "";
  let subjects = 0;
  const kill = (): void => void child?.kill("SIGKILL");
  // Whatever ends this process ends the server.
  process.once("exit", kill);

  function ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  }
  function operate(path: string, json?: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
    return ask(path, json === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(json) });
  }
  async function openOne(): Promise<Session> {
    subjects += 1;
    const answer = await operate("/v1/sessions", { subject: `u-${subjects}`, client_id: "demo", issue: ["refresh"] });
    if (!answer.ok) throw new Error(`no session was opened: ${await answer.text()}`);
    const opened = (await answer.json()) as { session: { id: string }; refresh_token: string };
    return { sid: opened.session.id, refresh: opened.refresh_token };
  }
  async function statusOf(asked: Promise<Response>): Promise<number> {
    try {
      const answer = await asked;
      await answer.body?.cancel();
      return answer.status;
    } catch {
      return 0;
    }
  }

  return {
    port,
    pid: () => child?.pid ?? 0,
    bearer: () => bearer,
    revoked: async (sid) => {
      const answer = await operate("/v1/revocations", { targets: [{ type: "session", sid }] });
      const { pos = "" } = (await answer.json()) as { readonly pos?: string };
      return { status: answer.status, seq: Number(pos.split(".")[1]) };
    },
    start: async () => {
      child = spawn(process.execPath, ["--conditions=hallpass-source", ...args], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, ...env },
      });
      const ended = once(child, "exit").then(() => Promise.reject(new Error("the server ended before it was ready")));
      await Promise.race([once(child.stdout ?? process, "data"), ended]);
      ended.catch(() => {});
      const secret = Buffer.from(readFileSync(join(data, "operator-credentials"), "utf8").trim()).toString("base64");
      const body = new URLSearchParams({ grant_type: "client_credentials" });
      const answer = await ask("/oauth2/token", {
        method: "POST",
        headers: { authorization: `Basic ${secret}` },
        body,
      });
      bearer = String(((await answer.json()) as { access_token?: string }).access_token);
    },
    kill: async () => {
      if (child === undefined) return;
      const ended = once(child, "exit");
      kill();
      await ended;
      child = undefined;
    },
    open: async (count) => {
      const all: Session[] = [];
      while (all.length < count) all.push(...(await Promise.all(Array.from({ length: 8 }, openOne))));
      return all;
    },
    revoke: (sid) => statusOf(operate("/v1/revocations", { targets: [{ type: "session", sid }] })),
    refresh: async (session) => {
      try {
        const { refresh } = session;
        const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: refresh });
        const answer = await ask("/oauth2/token", { method: "POST", body });
        const { refresh_token: next } = (await answer.json()) as { readonly refresh_token?: string };
        if (answer.status === 200 && next !== undefined) session.refresh = next;
        return answer.status;
      } catch {
        return 0;
      }
    },
    stateOf: async (sid) => {
      const answer = await operate(`/v1/sessions/${sid}`);
      if (!answer.ok) return String(answer.status);
      return ((await answer.json()) as { readonly state: string }).state;
    },
    ready: () => statusOf(ask("/readyz")),
    metrics: async (...names) => {
      const page = await (await operate("/metrics")).text();
      return names.map((name) => {
        const values = [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+-]+)$`, "gm"))];
        return values.reduce((sum, [, value]) => sum + Number(value), 0);
      });
    },
  };
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
