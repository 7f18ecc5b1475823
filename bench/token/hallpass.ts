// Hallpass as it ships, ES256, rotation on, logs at their default level to nowhere: SQLite with synchronous=FULL on this machine's disk,
// or a PostgreSQL that flushes each commit.

import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contender, freePort, here, start, type TokenSide } from "./contender.ts";
import type { Database } from "./databases.ts";

export const AUDIENCE = "https://api.bench.example";

export interface HallpassContender extends Contender {
  readonly tokens: TokenSide;
  /** Its directory. */
  readonly data: string;
}

export async function startHallpass(
  postgres?: Database,
  notices?: number,
  nodeOptions: readonly string[] = [],
): Promise<HallpassContender> {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const data = mkdtempSync(join(process.env["BENCH_DATA"] ?? tmpdir(), "hallpass-bench-"));
  process.once("exit", () => rmSync(data, { recursive: true, force: true }));
  const url = `http://127.0.0.1:${port}`;
  const keys = {
    data,
    listen: `127.0.0.1:${port}`,
    gateway_listen: `127.0.0.1:${gatewayPort}`,
    issuer: url,
    store: postgres?.url ?? "sqlite",
  };
  const { child } = await startNode(keys, notices, nodeOptions);
  const operator = basic(readFileSync(join(data, "operator-credentials"), "utf8").trim());
  // Anew for everything that is made ready: a run takes longer than a token lives.
  const bearer = (): Promise<string> => clientToken(url, operator, "sessions:write clients:write");
  const bench = await registerBenchClient(url, await bearer());
  const opened = async (count: number, kind: Issued): Promise<readonly string[]> =>
    openSessions(url, await bearer(), count, kind);
  return {
    name: `Hallpass (${postgres === undefined ? "SQLite FULL" : `PostgreSQL ${postgres.durability}`})${noticesText(notices)}`,
    process: child,
    database: postgres,
    data,
    route: undefined,
    check: {
      port: gatewayPort,
      path: `/check?audience=${encodeURIComponent(AUDIENCE)}`,
      judges: true,
      signIn: async (count) => (await opened(count, "session_token")).map((one) => `Cookie: __Host-session=${one}`),
    },
    opens: async (count) => ({
      port,
      request: {
        method: "POST",
        path: "/v1/sessions",
        headers: { Authorization: `Bearer ${await bearer()}`, "Content-Type": "application/json" },
      },
      bodies: Array.from({ length: count }, () => sessionOf(randomUUID(), ["access", "refresh"])),
      expect: { status: 201, text: '"refresh_token":"hpr_' },
    }),
    tokens: {
      port,
      authorization: basic(`bench:${bench}`),
      clientCredentials: "grant_type=client_credentials&scope=read",
      refreshTokens: (count) => opened(count, "refresh_token"),
      accessTokens: (count) => opened(count, "access_token"),
    },
  };
}

export function noticesText(notices: number | undefined): string {
  return notices === undefined ? "" : `, ${notices} notices`;
}

/** A node with these keys of the configuration, and that many live notices. */
export function startNode(
  keys: Readonly<Record<string, string>>,
  notices = 0,
  nodeOptions: readonly string[] = [],
): ReturnType<typeof start> {
  const program = here("./hallpass-server.ts");
  return start(["--conditions=hallpass-source", ...nodeOptions, program, JSON.stringify(keys), String(notices)]);
}

async function clientToken(url: string, authorization: string, scope: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: "client_credentials", scope });
  const answer = await fetch(`${url}/oauth2/token`, { method: "POST", headers: { authorization }, body });
  return String(((await checked(answer)) as { access_token: unknown }).access_token);
}

async function registerBenchClient(url: string, token: string): Promise<string> {
  const client = {
    client_id: "bench",
    name: "Bench",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["refresh_token", "client_credentials"],
    scope: "read write",
    audiences: [AUDIENCE],
    policy: "consumer",
  };
  const made = (await checked(await post(`${url}/v1/clients`, token, JSON.stringify(client)))) as {
    client_secret: unknown;
  };
  return String(made.client_secret);
}

/** What `POST /v1/sessions` is asked. */
export function sessionOf(subject: string, issue: readonly string[]): string {
  return JSON.stringify({ subject, client_id: "bench", issue });
}

type Issued = "refresh_token" | "access_token" | "session_token";

/** As many at once: what is measured comes after. */
const AT_ONCE = 16;

async function openSessions(url: string, token: string, count: number, kind: Issued): Promise<readonly string[]> {
  const tokens: string[] = [];
  const open = async (): Promise<void> => {
    while (tokens.length < count) {
      const at = tokens.push("") - 1;
      const session = sessionOf(`u-${at}`, kind === "session_token" ? [kind] : ["access", "refresh"]);
      const answer = (await checked(await post(`${url}/v1/sessions`, token, session))) as Record<Issued, unknown>;
      tokens[at] = String(answer[kind]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, open));
  return tokens;
}

function post(url: string, token: string, body: string): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body,
  });
}

async function checked(answer: Response): Promise<unknown> {
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}
