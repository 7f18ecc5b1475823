// The server's API as an app and its operators use it: plain fetch, a token of the client_credentials grant.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SignedReceipt } from "@hallpass/protocol";

export interface SignedIn {
  readonly subject: string;
  readonly sid: string;
  readonly fam: string;
  readonly access: string;
}

export interface IssuerApi {
  readonly issuer: string;
  signIn(subject: string): Promise<SignedIn>;
  revoke(target: object, waitMs?: number): Promise<SignedReceipt>;
  readReceipt(id: string): Promise<SignedReceipt>;
  /** A file with `client_id:secret` of a client that may read the feed. */
  addVerifierClient(): Promise<string>;
}

interface OpenedSession {
  readonly session: { readonly id: string; readonly families: readonly { readonly id: string }[] };
  readonly access_token: string;
}

const AUDIENCES = ["urn:demo:api", "urn:demo:billing"];

export async function issuerApi(issuer: string, data: string): Promise<IssuerApi> {
  const credentials = readFileSync(join(data, "operator-credentials"), "utf8").trim();
  const granted = await answered<{ readonly access_token: string }>(
    fetch(`${issuer}/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        scope: "sessions:write revocations:write revocations:read clients:write feed",
      }),
    }),
  );
  const headers = { authorization: `Bearer ${granted.access_token}`, "content-type": "application/json" };
  const post = <T>(path: string, body: object): Promise<T> =>
    answered<T>(fetch(`${issuer}${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
  await post("/v1/clients", {
    client_id: "shop",
    token_endpoint_auth_method: "none",
    grant_types: ["refresh_token"],
    scope: "read",
    audiences: AUDIENCES,
  });
  return {
    issuer,
    async signIn(subject) {
      const body = { subject, client_id: "shop", audience: AUDIENCES };
      const { session, access_token: access } = await post<OpenedSession>("/v1/sessions", body);
      return { subject, sid: session.id, fam: session.families[0]?.id ?? "", access };
    },
    revoke: (target, waitMs) =>
      post("/v1/revocations", {
        targets: [target],
        reason: "demo",
        ...(waitMs === undefined ? {} : { wait_ms: waitMs }),
      }),
    readReceipt: (id) =>
      answered(fetch(`${issuer}/v1/revocations/${id}`, { headers: { authorization: headers.authorization } })),
    async addVerifierClient() {
      const added = await post<{ readonly client_id: string; readonly client_secret: string }>("/v1/clients", {
        client_id: "demo-verifiers",
        token_endpoint_auth_method: "client_secret_basic",
        grant_types: ["client_credentials"],
        scope: "feed",
        audiences: [issuer],
      });
      const file = join(data, "demo-verifiers");
      writeFileSync(file, `${added.client_id}:${added.client_secret}\n`, { mode: 0o600 });
      return file;
    },
  };
}

async function answered<T>(request: Promise<Response>): Promise<T> {
  const response = await request;
  if (!response.ok)
    throw new Error(`${new URL(response.url).pathname} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
