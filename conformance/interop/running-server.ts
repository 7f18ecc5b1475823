// A server that listens at its own issuer, for clients that follow what the metadata says.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, startServer } from "@hallpass/server";

export interface Running {
  readonly issuer: string;
  readonly operator: { readonly id: string; readonly secret: string };
  /** The client with which a verifier of the demo API gets at the feed, and that API's audience. */
  readonly verifier: { readonly id: string; readonly secret: string };
  readonly audience: string;
  close(): Promise<void>;
}

export async function runningServer(more: Readonly<Record<string, string>> = {}): Promise<Running> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-interop-"));
  const port = await freePort();
  const over = { development: "true", data, listen: `127.0.0.1:${port}`, issuer: `http://127.0.0.1:${port}`, ...more };
  const loaded = loadConfig({ env: {}, over });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  const server = await startServer(loaded.config, { logTo: { write: () => {} } });
  const credentials = (file: string): Running["operator"] => {
    const [id = "", secret = ""] = readFileSync(join(data, file), "utf8").trim().split(":");
    return { id, secret };
  };
  let closed = false;
  return {
    issuer: loaded.config.issuer,
    operator: credentials("operator-credentials"),
    verifier: credentials("demo-api-credentials"),
    audience: "http://localhost:8027",
    close: async () => {
      if (closed) return;
      closed = true;
      await server.close();
      rmSync(data, { recursive: true });
    },
  };
}

/** A session of the demo client. */
export async function openSession(
  { issuer }: Running,
  bearer: string,
): Promise<{ readonly access_token: string; readonly refresh_token: string }> {
  const response = await fetch(`${issuer}/v1/sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ subject: "u-1", client_id: "demo" }),
  });
  return (await response.json()) as { readonly access_token: string; readonly refresh_token: string };
}

/** A client that authenticates with a key. */
export async function registerClient(server: Running, client: object): Promise<{ readonly client_secret?: string }> {
  const response = await fetch(`${server.issuer}/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${await operatorToken(server)}`, "content-type": "application/json" },
    body: JSON.stringify({
      token_endpoint_auth_method: "private_key_jwt",
      grant_types: ["client_credentials"],
      scope: "read",
      audiences: "http://localhost:8027",
      ...client,
    }),
  });
  if (response.status !== 201) throw new Error(await response.text());
  return (await response.json()) as { readonly client_secret?: string };
}

export async function operatorToken({ issuer, operator }: Running): Promise<string> {
  const response = await fetch(`${issuer}/oauth2/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${operator.id}:${operator.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const { access_token: token } = (await response.json()) as { readonly access_token: string };
  return token;
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("there is no free port");
  return address.port;
}
