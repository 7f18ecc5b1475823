// The demo API of `serve --development`: one protected resource, judged with the verifier as any resource server would.
// What it adds for a person to see (why, how old the view, how fast) no real API tells its clients.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createVerifier, type Verdict, type Verifier } from "@hallpass/verifier";
import { usage } from "../complaint.ts";
import type { Credentials } from "../connection/settings.ts";

export interface DemoApi {
  readonly url: string;
  close(): Promise<void>;
}

export interface DemoApiSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly credentials: Credentials;
}

/** Resolves when it listens and the verifier's view is fresh. Rejects when the address is taken. */
export async function startDemoApi(settings: DemoApiSettings, listen: string): Promise<DemoApi> {
  const { host, port } = addressOf(listen);
  const verifier = createVerifier({ ...settings, service: "demo-api", instance: "demo-api-1" });
  const server = createServer((request, response) => void answer(verifier, request, response));
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
  return {
    url: `http://localhost:${typeof bound === "object" && bound !== null ? bound.port : port}`,
    close: () =>
      new Promise((resolve) => {
        verifier.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(verifier: Verifier, request: IncomingMessage, response: ServerResponse): Promise<void> {
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
