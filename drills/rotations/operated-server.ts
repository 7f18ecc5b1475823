// The server of the drill, and what its operator does over HTTP.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, startServer } from "@hallpass/server";
import { createVerifier, type Verifier } from "@hallpass/verifier";

export interface Tokens {
  readonly access: { readonly token: string; readonly expires: number };
  readonly refresh: string;
}

export interface Operated {
  verifier(): Verifier;
  open(subject: string): Promise<Tokens>;
  refresh(token: string): Promise<Tokens>;
  /** Settles when no verifier is waited for any more; rejects after half a minute. */
  everyoneKnowsNext(): Promise<{ readonly active: string }>;
  /** Without waiting for caches: nobody here reads the JWKS. */
  rotate(): Promise<void>;
  compromise(kid: string): Promise<void>;
  /** How many retired keys could go, because their last token has expired. */
  removeExpired(): Promise<number>;
  close(): Promise<void>;
}

interface KeyList {
  readonly keys: readonly { readonly kid: string; readonly state: string; readonly last_token_expires_ms?: number }[];
  readonly rotations: readonly { readonly alg: string; readonly waiting_for: readonly string[] }[];
}

const AUDIENCE = "http://localhost:8027";
/** Tokens live so shortly that retired keys can be removed while the drill goes on. */
const LIFETIME = "5s";
const SKEW_MS = 5000;
const PATIENCE_MS = 30_000;

export async function operatedServer(): Promise<Operated> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-rotations-"));
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const over = { max_token_lifetime: LIFETIME, client_token_lifetime: LIFETIME, log_level: "silent" };
  const loaded = loadConfig({
    env: {},
    over: { development: "true", data, issuer, listen: issuer.slice("http://".length), ...over },
  });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  const server = await startServer(loaded.config, { logTo: { write: () => {} } });
  const credentialsIn = (file: string): string => readFileSync(join(data, file), "utf8").trim();

  async function call(path: string, init: RequestInit): Promise<unknown> {
    const response = await fetch(`${issuer}${path}`, init);
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(body)}`);
    return body;
  }
  async function operate(path: string, json?: object): Promise<unknown> {
    const basic = Buffer.from(credentialsIn("operator-credentials")).toString("base64");
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const granted = await call("/oauth2/token", { method: "POST", headers: { authorization: `Basic ${basic}` }, body });
    const { access_token: token } = granted as { readonly access_token: string };
    const authorization = `Bearer ${token}`;
    if (json === undefined) return call(path, { headers: { authorization } });
    const headers = { authorization, "content-type": "application/json" };
    return call(path, { method: "POST", headers, body: JSON.stringify(json) });
  }
  const keys = async (): Promise<KeyList> => (await operate("/v1/keys")) as KeyList;

  return {
    verifier: () => {
      const [clientId = "", clientSecret = ""] = credentialsIn("demo-api-credentials").split(":");
      return createVerifier({ issuer, audience: AUDIENCE, credentials: { clientId, clientSecret } });
    },
    open: async (subject) => tokensIn(await operate("/v1/sessions", { subject, client_id: "demo" })),
    refresh: async (token) => {
      const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: token });
      return tokensIn(await call("/oauth2/token", { method: "POST", body }));
    },
    everyoneKnowsNext: async () => {
      const until = performance.now() + PATIENCE_MS;
      while (performance.now() < until) {
        const { keys: listed, rotations } = await keys();
        const active = listed.find(({ state }) => state === "active");
        if (active !== undefined && rotations.every((one) => one.waiting_for.length === 0))
          return { active: active.kid };
      }
      throw new Error("a verifier does not acknowledge the next key");
    },
    rotate: async () => {
      await operate("/v1/keys/rotate", { force: true });
    },
    compromise: async (kid) => {
      await operate("/v1/keys/compromise", { kids: [kid], wait_ms: 1000 });
    },
    removeExpired: async () => {
      const { keys: listed } = await keys();
      const gone = listed.filter((one) => (one.last_token_expires_ms ?? Infinity) + SKEW_MS < Date.now());
      for (const { kid } of gone) await operate(`/v1/keys/${kid}/remove`, {});
      return gone.length;
    },
    close: async () => {
      await server.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function tokensIn(body: unknown): Tokens {
  const {
    access_token: token,
    expires_in: span,
    refresh_token: refresh,
  } = body as {
    readonly access_token: string;
    readonly expires_in: number;
    readonly refresh_token: string;
  };
  return { access: { token, expires: Date.now() + span * 1000 }, refresh };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("there is no free port");
  return address.port;
}
