// A server with its listener for gateways, an upstream that says what it was sent, and a gateway of somebody else's in between,
// each on a free port; the gateway runs on the file of this folder that the guide shows, with the addresses of the test.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type RunningServer, startServer } from "@hallpass/server";

export const API = "https://api.example";
export const APP = "https://app.example";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What the upstream was sent; undefined when it was not reached. */
  readonly upstream: IncomingHttpHeaders | undefined;
}

export interface SignedIn {
  readonly sid: string;
  readonly token: string;
  readonly access: string;
}

export interface GatewayStage {
  readonly issuer: string;
  readonly server: RunningServer;
  /** Where the gateway listens: address and port. */
  readonly at: string;
  /** A directory of its own, gone at the end. */
  readonly folder: string;
  /** A file of this folder with the test's addresses in the place of the example's, written into the directory; its path. */
  readonly written: (name: string, more?: Readonly<Record<string, string>>) => string;
  /** Starts a program, and waits until something listens where the gateway should. */
  readonly run: (command: string, args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<void>;
  /** A request to the gateway; a header may have several values. */
  readonly ask: (method: string, headers?: Readonly<Record<string, string | readonly string[]>>) => Promise<Answer>;
  readonly signIn: (more?: object) => Promise<SignedIn>;
  readonly operate: (path: string, json: object) => Promise<Readonly<Record<string, unknown>>>;
  /** A bearer of a client without a session, for the API. */
  readonly clientToken: () => Promise<string>;
  readonly end: () => Promise<void>;
}

export async function gatewayStage(): Promise<GatewayStage> {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-gateways-"));
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${port}`;
  const over = {
    development: "true",
    data: join(folder, "data"),
    listen: `127.0.0.1:${port}`,
    issuer,
    cookie_name: "__Host-session",
    gateway_listen: "127.0.0.1:0",
  };
  const loaded = loadConfig({ env: {}, over });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  const server = await startServer(loaded.config, { logTo: { write: () => {} } });
  const upstream = createServer((incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(incoming.headers));
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port: upstreamPort } = upstream.address() as AddressInfo;
  const programs: ChildProcess[] = [];

  async function post(path: string, init: RequestInit): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(`${issuer}${path}`, { method: "POST", ...init });
    return (await response.json()) as Readonly<Record<string, unknown>>;
  }
  async function tokenOf(credentials: string, scope?: string): Promise<string> {
    const { access_token: token } = await post("/oauth2/token", {
      headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", ...(scope === undefined ? {} : { scope }) }),
    });
    return String(token);
  }
  const operator = await tokenOf(readFileSync(join(over.data, "operator-credentials"), "utf8").trim());
  const operate: GatewayStage["operate"] = (path, json) =>
    post(path, {
      headers: { authorization: `Bearer ${operator}`, "content-type": "application/json" },
      body: JSON.stringify(json),
    });
  const registration = { scope: "read write", audiences: [API] };
  await operate("/v1/clients", {
    client_id: "shop",
    token_endpoint_auth_method: "none",
    grant_types: ["refresh_token"],
    ...registration,
  });
  const { client_secret: secret } = await operate("/v1/clients", {
    client_id: "job",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    ...registration,
  });

  return {
    issuer,
    server,
    at: `127.0.0.1:${gatewayPort}`,
    folder,
    operate,
    written: (name, more = {}) => {
      const places: Readonly<Record<string, string>> = {
        "127.0.0.1:8080": `127.0.0.1:${gatewayPort}`,
        "127.0.0.1:8028": new URL(server.gatewayUrl ?? "").host,
        "127.0.0.1:3000": `127.0.0.1:${upstreamPort}`,
        "https://auth.example": issuer,
        ...more,
      };
      let text = readFileSync(join(import.meta.dirname, name), "utf8");
      for (const [example, own] of Object.entries(places)) text = text.replaceAll(example, own);
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    run: async (command, args, env = {}) => {
      const program = spawn(command, args, { cwd: folder, env: { ...process.env, ...env }, stdio: "pipe" });
      programs.push(program);
      let said = "";
      const hear = (chunk: Buffer): void => {
        said += chunk.toString();
      };
      program.stdout.on("data", hear);
      program.stderr.on("data", hear);
      const exited = once(program, "exit").then(([code]) => {
        throw new Error(`${command} ended with ${String(code)}: ${said}`);
      });
      exited.catch(() => {});
      const isRunning = (): boolean => program.exitCode === null && program.signalCode === null;
      await Promise.race([listening(gatewayPort, isRunning), exited]);
    },
    ask: (method, headers = {}) => asked(gatewayPort, method, headers),
    signIn: async (more = {}) => {
      const body = { subject: "u-1", client_id: "shop", issue: ["access", "session_token"], ...more };
      const opened = await operate("/v1/sessions", body);
      const { id } = opened["session"] as { readonly id: string };
      return { sid: id, token: String(opened["session_token"]), access: String(opened["access_token"]) };
    },
    clientToken: () => tokenOf(`job:${String(secret)}`),
    end: async () => {
      await Promise.all(
        programs
          .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
          .map(async (program) => {
            const exit = once(program, "exit");
            program.kill("SIGTERM");
            await exit;
          }),
      );
      upstream.closeAllConnections();
      upstream.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function asked(
  port: number,
  method: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
): Promise<Answer> {
  const asking = request({ host: "127.0.0.1", port, method, path: "/orders?id=1", agent: false });
  for (const [name, value] of Object.entries(headers)) asking.setHeader(name, value);
  if (method === "POST") asking.setHeader("content-length", 4);
  asking.end(method === "POST" ? "body" : undefined);
  const [answer] = (await once(asking, "response")) as [import("node:http").IncomingMessage];
  const chunks: Buffer[] = [];
  answer.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(answer, "end");
  const status = answer.statusCode ?? 0;
  const reached = status === 200 ? (JSON.parse(Buffer.concat(chunks).toString()) as IncomingHttpHeaders) : undefined;
  return { status, headers: answer.headers, upstream: reached };
}

/** Resolves when the port takes a connection. Asks again as soon as it was refused: what starts has no other sign. */
async function listening(port: number, isRunning: () => boolean): Promise<void> {
  while (isRunning()) {
    const socket = connect(port, "127.0.0.1");
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(
        () => false,
        () => false,
      ),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const probe = createTcpServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
