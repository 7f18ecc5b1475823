// The processes of the demo: one server, and verifiers that are services of their own.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { until } from "./waiting.ts";

const SOURCES = "--conditions=hallpass-source";
const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const SERVICE = join(import.meta.dirname, "verifier-service.ts");

export interface ServerProcess {
  readonly issuer: string;
  readonly port: number;
  readonly data: string;
  readonly child: ChildProcess;
}

/** The real command in a process of its own, on a fresh data directory. Resolves when it serves. */
export async function startServer(data: string): Promise<ServerProcess> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const words = ["serve", "--development", "--no-demo-api", "--data", data, "--listen", `127.0.0.1:${port}`];
  const child = spawn(process.execPath, [SOURCES, CLI, ...words], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HALLPASS_ISSUER: issuer, HALLPASS_LOG_LEVEL: "warn" },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (said += text));
  await until("the server serves", 20_000, async () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${said}`);
    const response = await fetch(`${issuer}/readyz`).catch(() => undefined);
    return response?.ok === true ? true : undefined;
  });
  return { issuer, port, data, child };
}

export interface VerifierSpec {
  readonly service: string;
  readonly instance: string;
  /** The proxy through which it reaches the server. */
  readonly through?: string;
}

export interface VerifierProcess extends VerifierSpec {
  readonly port: number;
  readonly child: ChildProcess;
}

export interface VerifierSettings {
  readonly issuer: string;
  readonly maxStalenessMs: number;
  readonly onStale: "unavailable" | "accept";
  readonly credentialsFile: string;
}

export async function startVerifier(spec: VerifierSpec, settings: VerifierSettings): Promise<VerifierProcess> {
  const { issuer, maxStalenessMs, onStale, credentialsFile } = settings;
  const words = [issuer, spec.service, spec.instance, String(maxStalenessMs), onStale, credentialsFile];
  const child = fork(SERVICE, words, { execArgv: [SOURCES], env: environment(spec.through) });
  const [message] = (await once(child, "message", { signal: AbortSignal.timeout(20_000) })) as [
    { readonly port: number },
  ];
  return { ...spec, port: message.port, child };
}

export async function stop(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

/** Node sends fetch and WebSocket through HTTP_PROXY; the verifier itself knows nothing of it. */
function environment(through: string | undefined): NodeJS.ProcessEnv {
  if (through === undefined) return process.env;
  return {
    ...process.env,
    NODE_USE_ENV_PROXY: "1",
    HTTP_PROXY: through,
    http_proxy: through,
    NO_PROXY: "",
    no_proxy: "",
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
