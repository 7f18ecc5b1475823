// One node on SQLite or PostgreSQL with a journal on another path, its operator, and what a disaster takes: the store, and nothing else.

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type PostgresServer, startPostgres } from "@hallpass/store-postgres/testing";
import { createVerifier, type Verifier } from "@hallpass/verifier";
import { type ServingProcess, servingProcess } from "../nodes/serving-process.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const AUDIENCE = "http://localhost:8027";
const KEPT = ["key-encryption-key", "operator-credentials", "demo-api-credentials"] as const;

export interface Session {
  readonly sid: string;
  readonly fam: string;
  readonly access: string;
  refresh: string;
}

export interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export class Deployment {
  readonly directory: string = mkdtempSync(join(tmpdir(), "hallpass-restore-"));
  readonly issuer: string;
  readonly #database: PostgresServer | undefined;
  #second: PostgresServer | undefined;
  #node: ServingProcess | undefined;
  #bearer: string | undefined;

  static async of(store: "sqlite" | "postgres"): Promise<Deployment> {
    return new Deployment(await freePort(), store === "postgres" ? await startPostgres() : undefined);
  }

  private constructor(port: number, database: PostgresServer | undefined) {
    this.issuer = `http://127.0.0.1:${port}`;
    this.#database = database;
    mkdirSync(this.#data);
  }

  get #data(): string {
    return join(this.directory, "data");
  }

  #env(withJournal: boolean): Readonly<Record<string, string>> {
    return {
      HALLPASS_DEVELOPMENT: "true",
      HALLPASS_ISSUER: this.issuer,
      HALLPASS_LISTEN: this.issuer.slice("http://".length),
      HALLPASS_DATA: this.#data,
      HALLPASS_LOG_LEVEL: "info",
      ...(withJournal ? { HALLPASS_REVOCATION_JOURNAL: join(this.directory, "journal") } : {}),
      ...(this.#database === undefined ? {} : { HALLPASS_STORE: this.storeUrl }),
    };
  }

  get storeUrl(): string {
    return (this.#second ?? this.#database)?.url ?? "";
  }

  async start(withJournal = true): Promise<void> {
    this.#node = await servingProcess(CLI, ["serve", "--no-demo-api"], this.#env(withJournal));
    this.#bearer = undefined;
  }

  /** As a power cut would, with everything that the store has. */
  async lose(): Promise<void> {
    await this.#node?.end();
    this.#node = undefined;
    if (this.#database !== undefined) {
      await this.#database.stop();
      this.#second = await startPostgres();
    }
    const saved = join(this.directory, "saved");
    mkdirSync(saved);
    for (const name of KEPT) cpSync(join(this.#data, name), join(saved, name));
    rmSync(this.#data, { recursive: true });
    cpSync(saved, this.#data, { recursive: true });
    rmSync(saved, { recursive: true });
  }

  /** Exit code, and everything it said. */
  async hallpass(...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
    const child = spawn(process.execPath, ["--conditions=hallpass-source", CLI, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] ?? "", ...this.#env(true) },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    const code = await new Promise<number>((resolve) => child.once("close", (left) => resolve(left ?? -1)));
    return { code, said };
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Its M in seconds. */
  verifier(mostStale: number): Verifier {
    const [clientId = "", clientSecret = ""] = this.#credentials("demo-api-credentials").split(":");
    const credentials = { clientId, clientSecret };
    return createVerifier({ issuer: this.issuer, audience: AUDIENCE, credentials, maxStalenessMs: mostStale * 1000 });
  }

  async operate(path: string, json?: object): Promise<Answer> {
    const body = json === undefined ? {} : { method: "POST", body: JSON.stringify(json) };
    const headers = { authorization: `Bearer ${await this.#token()}`, "content-type": "application/json" };
    return answerOf(await fetch(`${this.issuer}${path}`, { ...body, headers }));
  }

  async open(subject: string, client = "demo"): Promise<Session> {
    const { status, json } = await this.operate("/v1/sessions", { subject, client_id: client });
    const session = json["session"] as { readonly id: string; readonly families: readonly { readonly id: string }[] };
    if (status !== 201) throw new Error(`no session was opened: ${JSON.stringify(json)}`);
    const access = String(json["access_token"]);
    const { fam } = claimsOf(access);
    return { sid: session.id, fam: String(fam), access, refresh: String(json["refresh_token"]) };
  }

  async refresh(token: string, client = "demo"): Promise<Answer> {
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: client, refresh_token: token });
    return answerOf(await fetch(`${this.issuer}/oauth2/token`, { method: "POST", body }));
  }

  async publishes(kid: string): Promise<boolean> {
    const { json } = await answerOf(await fetch(`${this.issuer}/.well-known/jwks.json`));
    return (json["keys"] as readonly { readonly kid: string }[]).some((key) => key.kid === kid);
  }

  async close(): Promise<void> {
    await this.#node?.end();
    await this.#second?.stop();
    if (this.#second === undefined) await this.#database?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #token(): Promise<string> {
    if (this.#bearer !== undefined) return this.#bearer;
    const basic = Buffer.from(this.#credentials("operator-credentials")).toString("base64");
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const headers = { authorization: `Basic ${basic}` };
    const { json } = await answerOf(await fetch(`${this.issuer}/oauth2/token`, { method: "POST", headers, body }));
    this.#bearer = String(json["access_token"]);
    return this.#bearer;
  }

  /** After something that ends access tokens. */
  forgetToken(): void {
    this.#bearer = undefined;
  }

  #credentials(file: string): string {
    return readFileSync(join(this.#data, file), "utf8").trim();
  }
}

export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}

export function kidOf(token: string): string {
  const [header = ""] = token.split(".");
  return String((JSON.parse(Buffer.from(header, "base64url").toString()) as { readonly kid: unknown }).kid);
}

async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}
