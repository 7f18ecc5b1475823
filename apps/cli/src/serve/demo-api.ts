// The demo API of `serve --development`: one protected resource, judged with the verifier as any resource server would.
// What it adds for a person to see (why, how old the view, how fast) no real API tells its clients.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createVerifier, type Verdict, type Verifier } from "@hallpass/verifier";
import { usage } from "../complaint.ts";
import type { Credentials } from "../connection/settings.ts";
import { LivePage } from "./live-page.ts";

export interface DemoApi {
  readonly url: string;
  close(): Promise<void>;
}

export interface DemoApiSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly credentials: Credentials;
  /** The lines to paste, given the API's own address. */
  readonly lines: (url: string) => readonly string[];
}

/** Resolves when it listens and the verifier's view is fresh. Rejects when the address is taken. */
export async function startDemoApi(settings: DemoApiSettings, listen: string): Promise<DemoApi> {
  const { lines, ...options } = settings;
  const { host, port } = addressOf(listen);
  const verifier = createVerifier({ ...options, service: "demo-api", instance: "demo-api-1" });
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    await verifier.ready();
  } catch (cause) {
    verifier.close();
    server.close();
    throw cause;
  }
  const bound = server.address();
  const url = `http://localhost:${typeof bound === "object" && bound !== null ? bound.port : port}`;
  const page = new LivePage(verifier, lines(url));
  server.on("request", (request, response) => {
    if (!showPage(page, request, response)) void answer(verifier, page, request, response);
  });
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        verifier.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** For a browser of this machine. Whoever sends a token, or asks for no page, asks the API. */
function showPage(page: LivePage, request: IncomingMessage, response: ServerResponse): boolean {
  const { authorization, accept = "", host = "" } = request.headers;
  const isBrowser = request.url !== "/" || accept.includes("text/html");
  if (authorization !== undefined || !isBrowser || !/^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host))
    return false;
  const found = request.method === "GET" ? page.at(request.url ?? "") : undefined;
  if (found === undefined) return false;
  response.writeHead(200, { "content-type": found.type, ...PAGE_HEADERS });
  response.end(found.body);
  return true;
}

const PAGE_HEADERS = {
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

async function answer(
  verifier: Verifier,
  page: LivePage,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const started = performance.now();
  const verdict = await verifier.verifyCredentials({
    method: request.method ?? "GET",
    authorization: request.headersDistinct["authorization"] ?? [],
    cookie: [],
    origin: request.headers.origin ?? null,
    fetchSite: null,
    upgrade: false,
  });
  const microseconds = Math.round((performance.now() - started) * 1000);
  page.note(verdict, microseconds);
  response.writeHead(statusOf(verdict), {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...(verdict.kind === "rejected" ? { "www-authenticate": verdict.challenge } : {}),
  });
  response.end(`${JSON.stringify({ ...shown(verdict), judged_in_us: microseconds })}\n`);
}

function statusOf(verdict: Verdict): number {
  switch (verdict.kind) {
    case "accepted":
      return 200;
    case "rejected":
      return verdict.status;
    case "unavailable":
      return 503;
  }
}

function shown(verdict: Verdict): object {
  if (verdict.kind !== "accepted") return { verdict: verdict.kind, status: statusOf(verdict), why: verdict.code };
  const { subject, scope, viewAgeMs } = verdict;
  return { verdict: verdict.kind, hello: subject, scope: scope.join(" "), view_age_ms: Math.round(viewAgeMs) };
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(listen);
  const [host, port] = [match?.[1] ?? "", Number(match?.[2])];
  if (!LOOPBACK.has(host) || !(port <= 65_535)) {
    throw usage(`--demo-api ${listen} is no address of this machine`, "write it like localhost:8027");
  }
  return { host: host.replace(/^\[|\]$/g, ""), port };
}
