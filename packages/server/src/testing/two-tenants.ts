// A server with two tenants, each reached by the host of its issuer over a socket, each with a session, a revocation and what else has an id.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Name } from "../config-schema.ts";
import { type RunningServer, startServer } from "../main.ts";
import { basicHeader, configOf, formText, type Received, type Sent } from "./scene.ts";

export interface TenantScene {
  readonly name: string;
  readonly host: string;
  readonly issuer: string;
  /** `operator:hpc_…` */
  readonly credentials: string;
  readonly bearer: string;
  readonly sid: string;
  readonly access: string;
  readonly refresh: string;
  readonly fam: string;
  readonly revocation: string;
  /** The signed receipt of that revocation. */
  readonly receipt: string;
  readonly kid: string;
  readonly client: string;
  readonly policy: string;
  /** The reference of the session's subject. */
  readonly ref: string;
  /** Sends to this tenant's host; with its operator's bearer unless the request says otherwise. */
  readonly send: (sent: Sent) => Promise<Received>;
}

export interface TwoTenants {
  readonly server: RunningServer;
  readonly data: string;
  readonly lines: readonly string[];
  readonly one: TenantScene;
  readonly other: TenantScene;
  readonly end: () => Promise<void>;
}

export const FIRST_ISSUER = "http://localhost:8026";
export const SHOP_ISSUER = "http://shop.localhost:8026";

export async function twoTenants(settings: Partial<Record<Name, string>> = {}): Promise<TwoTenants> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-tenants-"));
  const lines: string[] = [];
  const config = configOf({
    data,
    issuer: FIRST_ISSUER,
    log_level: "debug",
    tenants: JSON.stringify({ shop: { issuer: SHOP_ISSUER } }),
    ...settings,
  });
  const server = await startServer(config, { logTo: { write: (line) => lines.push(line) } });
  return {
    server,
    data,
    lines,
    one: await tenantScene(server, "default", FIRST_ISSUER, data),
    other: await tenantScene(server, "shop", SHOP_ISSUER, join(data, "tenants", "shop")),
    end: async () => {
      await server.close();
      rmSync(data, { recursive: true });
    },
  };
}

async function tenantScene(server: RunningServer, name: string, issuer: string, data: string): Promise<TenantScene> {
  const { host } = new URL(issuer);
  const credentials = readFileSync(join(data, "operator-credentials"), "utf8").trim();
  const ask = (sent: Sent): Promise<Received> => sendTo(server.url, host, sent);
  const granted = await ask({
    path: "/oauth2/token",
    headers: basicHeader(credentials),
    form: { grant_type: "client_credentials" },
  });
  const bearer = String(granted.json["access_token"]);
  const send = (sent: Sent): Promise<Received> =>
    ask({ ...sent, headers: { authorization: `Bearer ${bearer}`, ...sent.headers } });
  const client = `only-in-${name}`;
  const registration = { client_id: client, token_endpoint_auth_method: "none", grant_types: ["refresh_token"] };
  await send({ path: "/v1/clients", json: { ...registration, scope: "read", audiences: "https://api.example" } });
  const policy = `policy-of-${name}`;
  await send({ path: `/v1/policies/${policy}/versions`, json: { from: "consumer" } });
  const opened = await send({ path: "/v1/sessions", json: { subject: `u-${name}`, client_id: client } });
  const session = opened.json["session"] as {
    readonly id: string;
    readonly families: readonly { readonly id: string }[];
  };
  const subject = await send({ path: "/v1/subjects/search", json: { subject: `u-${name}` } });
  const revoked = await send({
    path: "/v1/revocations",
    json: { targets: [{ type: "subject", subject: `gone-${name}` }] },
  });
  const keys = (await send({ path: "/v1/keys" })).json["keys"] as readonly { readonly kid: string }[];
  return {
    name,
    host,
    issuer,
    credentials,
    bearer,
    sid: session.id,
    access: String(opened.json["access_token"]),
    refresh: String(opened.json["refresh_token"]),
    fam: session.families[0]?.id ?? "",
    revocation: String(revoked.json["id"]),
    receipt: String(revoked.json["jws"]),
    kid: keys[0]?.kid ?? "",
    client,
    policy,
    ref: String(subject.json["ref"]),
    send,
  };
}

/** One request with a Host header of its own, which fetch does not send. */
export function sendTo(url: string, host: string, { method, path, headers = {}, json, form }: Sent): Promise<Received> {
  const body = json !== undefined ? JSON.stringify(json) : form === undefined ? undefined : formText(form);
  const type = json !== undefined ? "application/json" : "application/x-www-form-urlencoded";
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  const asking = request(
    `${url}${path}`,
    {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        host,
        connection: "close",
        ...(body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) }),
        ...headers,
      },
    },
    (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = /[/+]json/.test(answer.headers["content-type"] ?? "") && text !== "";
        resolve({
          status: answer.statusCode ?? 0,
          headers: new Headers(
            Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]),
          ),
          text,
          json: isJson ? (JSON.parse(text) as Received["json"]) : {},
        });
      });
    },
  );
  asking.on("error", reject);
  asking.end(body);
  return promise;
}
