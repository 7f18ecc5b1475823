// A deployment as docs/guides/deployment.md describes it: the server on the loopback, nginx with TLS in front of it on the file of this folder,
// and the command line beside both, with the server's environment.

import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { promisify } from "node:util";
import { loadConfig, startServer } from "@hallpass/server";
import { createVerifier, type Verifier, type VerifierOptions } from "@hallpass/verifier";

const ROOT = join(import.meta.dirname, "../..");

const LONGEST_REPORT_MS = 30_000;
/** Which every server runs. */
const READERS: readonly string[] = ["audit", "census"];

interface Fleet {
  readonly verifiers: readonly { readonly stats: { readonly view_age_ms?: number } }[];
}
interface Readers {
  readonly readers: readonly { readonly name: string; readonly last_fact_at_ms: number | null }[];
}
interface Audit {
  readonly records: readonly unknown[];
}

export interface Judged {
  readonly id: string;
  readonly verdict: "right" | "warning" | "failure" | "unknown";
  readonly what: string;
}

export interface Deployment {
  readonly issuer: string;
  /** `/v1`, as the operator. */
  readonly operate: (path: string, json: object) => Promise<Readonly<Record<string, unknown>>>;
  readonly verifier: (more?: Pick<VerifierOptions, "onStale">) => Promise<Verifier>;
  /** Settles when the server has heard how old each verifier's view is, and has read its facts: before, the doctor can't tell. */
  readonly reported: () => Promise<void>;
  /** `hallpass doctor --json` through nginx. */
  readonly doctor: () => Promise<{ readonly code: number; readonly checks: ReadonlyMap<string, Judged> }>;
  readonly end: () => Promise<void>;
}

export interface Wrong {
  /** Of the server, beside what the guide sets. Undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Texts of nginx.conf and what stands there instead. */
  readonly nginx?: Readonly<Record<string, string>>;
  readonly certificateDays?: number;
}

export async function deployment({ env = {}, nginx = {}, certificateDays = 90 }: Wrong = {}): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-deployment-"));
  const [port, front] = [await freePort(), await freePort()];
  const issuer = `https://localhost:${front}`;
  const { key, certificate } = certificateIn(folder, certificateDays);
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, readFileSync(certificate, "utf8")]);
  mkdirSync(join(folder, "secrets"));
  const kek = join(folder, "secrets/kek");
  writeFileSync(kek, `${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url")}\n`, {
    mode: 0o600,
  });
  const given: Readonly<Record<string, string | undefined>> = {
    HALLPASS_ISSUER: issuer,
    HALLPASS_DATA: join(folder, "data"),
    HALLPASS_LISTEN: `127.0.0.1:${port}`,
    HALLPASS_METRICS_LISTEN: "127.0.0.1:0",
    HALLPASS_KEK_FILE: kek,
    HALLPASS_TRUSTED_PROXIES: "127.0.0.1",
    HALLPASS_AUDIT_KEPT: "365d",
    HALLPASS_FACTS_KEPT: "30d",
    ...env,
  };
  const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const loaded = loadConfig({ env: own, over: {} });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  const server = await startServer(loaded.config, { logTo: { write: () => {} } });
  const proxy = await startNginx(folder, front, {
    "127.0.0.1:8026": new URL(server.url).host,
    "listen 443 ssl": `listen 127.0.0.1:${front} ssl`,
    "/etc/hallpass/tls.crt": certificate,
    "/etc/hallpass/tls.key": key,
    ...nginx,
  });
  const credentials = readFileSync(join(folder, "data/operator-credentials"), "utf8").trim();
  const bearer = await ask(`${issuer}/oauth2/token`, {
    headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const operate: Deployment["operate"] = (path, json) =>
    ask(`${issuer}${path}`, {
      headers: { authorization: `Bearer ${String(bearer["access_token"])}`, "content-type": "application/json" },
      body: JSON.stringify(json),
    });
  const api = await operate("/v1/clients", {
    client_id: "orders",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    scope: "feed",
    audiences: [issuer],
  });
  const verifiers: Verifier[] = [];
  return {
    issuer,
    operate,
    verifier: async (more = {}) => {
      const verifier = createVerifier({
        issuer,
        audience: "https://api.example",
        credentials: { clientId: "orders", clientSecret: String(api["client_secret"]) },
        ...more,
      });
      verifiers.push(verifier);
      await verifier.ready();
      return verifier;
    },
    reported: async () => {
      const bound = AbortSignal.timeout(LONGEST_REPORT_MS);
      const get = (path: string) =>
        ask(`${issuer}${path}`, {
          method: "GET",
          headers: { authorization: `Bearer ${String(bearer["access_token"])}` },
          signal: bound,
        });
      let missing: string | undefined;
      do {
        if (bound.aborted) throw new Error(`after ${LONGEST_REPORT_MS} ms ${missing}`);
        missing = missingIn(await get("/v1/verifiers"), await get("/v1/log/readers"), await get("/v1/audit"));
      } while (missing !== undefined);

      function missingIn(fleet: unknown, log: unknown, audit: unknown): string | undefined {
        const heard = (fleet as Fleet).verifiers.filter(({ stats }) => stats.view_age_ms !== undefined);
        if (heard.length < verifiers.length) return "a verifier has not reported the age of its view";
        const read = (log as Readers).readers.filter(({ last_fact_at_ms: at }) => at !== null).map(({ name }) => name);
        if (!READERS.every((name) => read.includes(name))) return `only these have read: ${read.join(", ")}`;
        return (audit as Audit).records.length === 0 ? "the audit has no record" : undefined;
      }
    },
    doctor: async () => {
      const words = [
        "--conditions=hallpass-source",
        join(ROOT, "apps/cli/src/main.ts"),
        "doctor",
        "--json",
        "--url",
        issuer,
      ];
      const environment = { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: certificate, ...own };
      const ran = await promisify(execFile)(process.execPath, words, { env: environment }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        (failed: { readonly code: number; readonly stdout: string }) => failed,
      );
      const { checks } = JSON.parse(ran.stdout) as { readonly checks: readonly Judged[] };
      return { code: ran.code, checks: new Map(checks.map((check) => [check.id, check])) };
    },
    end: async () => {
      for (const verifier of verifiers) verifier.close();
      await ended(proxy);
      await server.close();
      setDefaultCACertificates(trusted);
      rmSync(folder, { recursive: true });
    },
  };
}

async function ask(url: string, init: RequestInit): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { method: "POST", ...init });
  const body = (await response.json()) as Readonly<Record<string, unknown>>;
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(body)}`);
  return body;
}

function certificateIn(folder: string, days: number): { readonly key: string; readonly certificate: string } {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const kind = ["-newkey", "rsa:2048", "-nodes", "-days", String(days), "-subj", "/CN=localhost"];
  const name = ["-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", ...kind, ...name, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  return { key, certificate };
}

async function startNginx(
  folder: string,
  port: number,
  places: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  let site = readFileSync(join(import.meta.dirname, "nginx.conf"), "utf8");
  for (const [example, own] of Object.entries(places)) {
    if (!site.includes(example)) throw new Error(`nginx.conf has no ${example}`);
    site = site.replaceAll(example, own);
  }
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(join(folder, "site.conf"), site);
  const http = [...temporary, "access_log off;", `include ${folder}/site.conf;`].join("\n");
  const main = join(folder, "main.conf");
  writeFileSync(main, `daemon off;\nuser root;\npid ${folder}/nginx.pid;\nevents {}\nhttp {\n${http}\n}\n`);
  const program = spawn("nginx", ["-p", folder, "-e", "stderr", "-c", main], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  program.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  // It listens when it answers: what is refused before was no answer.
  while (program.exitCode === null) {
    const answered = await fetch(`https://localhost:${port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return program;
    await new Promise(setImmediate);
  }
  throw new Error(`nginx ended: ${said}`);
}

async function ended(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const exit = once(program, "exit");
  program.kill("SIGTERM");
  await exit;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, "127.0.0.1"), "listening");
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("there is no free port");
  return address.port;
}
