// Clients that authenticate by the certificate of their connection, over real TLS.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { type RunningServer, startServer } from "../main.ts";
import { type Authority, authority, type Certificate } from "../testing/certificates.ts";
import { configOf } from "../testing/scene.ts";
import { systemScheduler } from "./system-ports.ts";

const URI = "spiffe://example.org/ledger";
const API = "https://api.example";
const CLIENT = { grant_types: ["client_credentials", "refresh_token"], scope: "read", audiences: API };
const BY_CERTIFICATE = { ...CLIENT, client_id: "ledger", token_endpoint_auth_method: "tls_client_auth" };

let ca: Authority;
let stranger: Authority;
let host: Certificate;
let ledger: Certificate;
before(() => {
  ca = authority();
  stranger = authority();
  host = ca.issue("localhost");
  ledger = ca.issue("ledger", "clientAuth", `URI:${URI},DNS:ledger.example,IP:192.0.2.7,email:ledger@example.org`);
});
after(() => {
  ca.remove();
  stranger.remove();
});

interface Answered {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

interface Stage {
  readonly server: RunningServer;
  readonly port: number;
  /** What the timer does every ten seconds. */
  readonly look: () => Promise<void>;
  readonly send: (
    path: string,
    sent: {
      readonly form?: Readonly<Record<string, string>>;
      readonly json?: object;
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly as?: Certificate | null;
      readonly session?: Buffer;
    },
  ) => Promise<Answered>;
  readonly operate: (path: string, json: object, method?: string) => Promise<Answered>;
  readonly token: (as: Certificate | null, more?: Readonly<Record<string, string>>) => Promise<Answered>;
}

async function serving(t: TestContext, over: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-mtls-"));
  const config = configOf({
    store: "memory",
    issuer: "https://localhost:8026",
    data,
    tls_certificate_file: host.certificateFile,
    tls_key_file: host.keyFile,
    tls_client_ca_file: ca.certificateFile,
    tls_client_certificates: "asked",
    ...over,
  });
  let look: (() => void) | undefined;
  const server = await startServer(config, {
    logTo: { write: () => {} },
    scheduler: {
      after: (ms, task) => {
        if (ms !== 10_000) return systemScheduler.after(ms, task);
        look = task;
        return () => {};
      },
    },
  });
  t.after(async () => {
    await server.close();
    rmSync(data, { recursive: true });
  });
  const port = Number(new URL(server.url).port);
  const send: Stage["send"] = (path, { form, json, method = "POST", headers = {}, as = ledger, session }) =>
    new Promise((resolve, reject) => {
      const body = json === undefined ? new URLSearchParams(form ?? {}).toString() : JSON.stringify(json);
      const type = json === undefined ? "application/x-www-form-urlencoded" : "application/json";
      const sent = method === "GET" ? {} : { "content-type": type, "content-length": String(Buffer.byteLength(body)) };
      const asked = request(
        {
          host: "127.0.0.1",
          servername: "localhost",
          port,
          path,
          method,
          headers: { ...sent, ...headers },
          ca: ca.certificate,
          agent: false,
          ...(as === null ? {} : { cert: as.certificate, key: as.key }),
          ...(session === undefined ? {} : { session }),
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => {
            const parsed = text.startsWith("{") ? (JSON.parse(text) as Answered["json"]) : {};
            resolve({ status: response.statusCode ?? 0, json: parsed });
          });
        },
      );
      asked.on("error", reject);
      asked.end(method === "GET" ? undefined : body);
    });
  const operator = `Basic ${btoa(server.operatorCredentials ?? "")}`;
  const operate: Stage["operate"] = async (path, json, method = "POST") => {
    const form = { grant_type: "client_credentials" };
    const { json: granted } = await send("/oauth2/token", { form, headers: { authorization: operator } });
    const headers = { authorization: `Bearer ${String(granted["access_token"])}` };
    return send(path, { json, method, headers });
  };
  return {
    server,
    port,
    look: async () => {
      look?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    send,
    operate,
    token: (as, more = {}) =>
      send("/oauth2/token", { as, form: { grant_type: "client_credentials", client_id: "ledger", ...more } }),
  };
}

async function registered(t: TestContext, name: object = { tls_client_auth_san_uri: URI }): Promise<Stage> {
  const stage = await serving(t);
  const made = await stage.operate("/v1/clients", { ...BY_CERTIFICATE, ...name });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.equal(made.json["client_secret"], undefined);
  for (const [member, value] of Object.entries(name)) assert.equal(made.json[member], value);
  return stage;
}

describe("a client of tls_client_auth", () => {
  for (const name of [
    { tls_client_auth_san_uri: URI },
    { tls_client_auth_san_dns: "ledger.example" },
    { tls_client_auth_san_ip: "192.0.2.7" },
    { tls_client_auth_san_email: "ledger@example.org" },
  ])
    test(`gets a token with the certificate whose ${Object.keys(name).join()} is registered, and a renewed one [CAUTH-10]`, async (t) => {
      const { token } = await registered(t, name);
      const granted = await token(ledger);
      assert.deepEqual([granted.status, granted.json["token_type"]], [200, "Bearer"]);
      const renewed = ca.issue(
        "other",
        "clientAuth",
        `URI:${URI},DNS:ledger.example,IP:192.0.2.7,email:ledger@example.org`,
      );
      assert.equal((await token(renewed)).status, 200);
    });

  test("gets none without it, with another's, one of a stranger, one for servers, or one that names it in the subject alone [CAUTH-10] [CAUTH-13] [M-10]", async (t) => {
    const { token } = await registered(t, { tls_client_auth_san_dns: "ledger.example" });
    const wrong: readonly (Certificate | null)[] = [
      null,
      ca.issue("other", "clientAuth", "DNS:other.example"),
      ca.issue("wild", "clientAuth", "DNS:*.example"),
      ca.issue("sub", "clientAuth", "DNS:ledger.example.evil.example"),
      ca.issue("kind", "clientAuth", "URI:dns:ledger.example,email:a@ledger.example"),
      ca.issue("ledger.example", "clientAuth", "DNS:another.example"),
      ca.issue("server", "serverAuth", "DNS:ledger.example"),
      stranger.issue("ledger", "clientAuth", "DNS:ledger.example"),
    ];
    for (const certificate of wrong) {
      const answer = await token(certificate);
      assert.deepEqual([answer.status, answer.json["error"]], [401, "invalid_client"]);
    }
    assert.equal((await token(ledger)).status, 200);
  });

  test("names itself in the request: the certificate alone says nobody's name [CAUTH-10]", async (t) => {
    const { send, token } = await registered(t);
    assert.equal((await send("/oauth2/token", { form: { grant_type: "client_credentials" } })).status, 401);
    assert.equal((await token(ledger, { client_id: "operator" })).status, 401);
    assert.equal((await token(ledger, { client_secret: "hpc_x" })).status, 401);
  });

  test("has no other way in, and no header passes for a certificate [CAUTH-2] [GEN-13] [O-19]", async (t) => {
    const { send, server } = await registered(t);
    const form = { grant_type: "client_credentials", client_id: "ledger" };
    const secret = (server.operatorCredentials ?? "").split(":")[1];
    const basic = { authorization: `Basic ${btoa(`ledger:${secret}`)}` };
    assert.equal((await send("/oauth2/token", { form, headers: basic })).status, 401);
    const pem = encodeURIComponent(ledger.certificate);
    for (const name of ["client-cert", "x-client-cert", "x-ssl-client-cert", "x-forwarded-client-cert"])
      assert.equal((await send("/oauth2/token", { form, headers: { [name]: pem }, as: null })).status, 401);
  });

  test("introspects and revokes by it as well [CAUTH-10]", async (t) => {
    const { send, token } = await registered(t);
    const { json } = await token(ledger);
    const form = { client_id: "ledger", token: String(json["access_token"]) };
    assert.equal((await send("/oauth2/introspect", { form })).json["active"], true);
    assert.equal((await send("/oauth2/introspect", { form, as: null })).status, 401);
    assert.equal((await send("/oauth2/revoke", { form, as: null })).status, 401);
    assert.equal((await send("/oauth2/revoke", { form })).status, 200);
    assert.equal((await send("/oauth2/introspect", { form })).json["active"], false);
  });

  test("refreshes by it; whoever has the refresh token alone gets nothing [CAUTH-10] [REF-1]", async (t) => {
    const { send, operate } = await registered(t);
    const opened = await operate("/v1/sessions", { subject: "u-1", client_id: "ledger" });
    assert.equal(opened.status, 201, JSON.stringify(opened.json));
    const form = {
      grant_type: "refresh_token",
      client_id: "ledger",
      refresh_token: String(opened.json["refresh_token"]),
    };
    assert.equal((await send("/oauth2/token", { form, as: null })).status, 401);
    assert.equal((await send("/oauth2/token", { form })).status, 200);
  });

  test("is let in by a session of TLS that was taken up again only if its certificate was vouched for then [CAUTH-10]", async (t) => {
    const { port, send } = await registered(t);
    const form = { grant_type: "client_credentials", client_id: "ledger" };
    const imposter = stranger.issue("ledger", "clientAuth", `URI:${URI}`);
    for (const [as, status] of [
      [imposter, 401],
      [ledger, 200],
    ] as const) {
      const session = await sessionOf(port, as);
      assert.equal((await send("/oauth2/token", { form, as: null, session })).status, status);
    }
  });

  test("is not known any more from the next connection on when nobody vouches for it: no session of TLS brings it back [CAUTH-10] [TLS-2]", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "hallpass-authorities-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const authorities = join(folder, "ca.crt");
    copyFileSync(ca.certificateFile, authorities);
    const stage = await serving(t, { tls_client_ca_file: authorities });
    await stage.operate("/v1/clients", { ...BY_CERTIFICATE, tls_client_auth_san_uri: URI });
    const session = await sessionOf(stage.port, ledger);
    assert.equal((await stage.token(ledger)).status, 200);
    copyFileSync(stranger.certificateFile, authorities);
    await stage.look();
    assert.equal((await stage.token(ledger)).status, 401);
    const form = { grant_type: "client_credentials", client_id: "ledger" };
    assert.equal((await stage.send("/oauth2/token", { form, as: null, session })).status, 401);
    const next = stranger.issue("ledger", "clientAuth", `URI:${URI}`);
    assert.equal((await stage.token(next)).status, 200);
  });

  test("may be given another name, and then the one before is nobody's [CAUTH-10] [CAUTH-13]", async (t) => {
    const { token, operate } = await registered(t);
    const changed = await operate("/v1/clients/ledger", { tls_client_auth_san_dns: "LEDGER.example" }, "PATCH");
    assert.deepEqual([changed.status, changed.json["tls_client_auth_san_dns"]], [200, "ledger.example"]);
    assert.equal(changed.json["tls_client_auth_san_uri"], undefined);
    assert.equal((await token(ca.issue("old", "clientAuth", `URI:${URI}`))).status, 401);
    assert.equal((await token(ledger)).status, 200);
  });
});

/** A session of TLS that a later connection can take up. */
function sessionOf(port: number, as: Certificate): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: ca.certificate,
      cert: as.certificate,
      key: as.key,
      ALPNProtocols: ["http/1.1"],
    });
    socket.on("session", (session) => {
      resolve(session);
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("secureConnect", () => socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  });
}

describe("a registration", () => {
  for (const [title, json, code] of [
    ["without a name", BY_CERTIFICATE, "client_certificate_misplaced"],
    [
      "with two names",
      { ...BY_CERTIFICATE, tls_client_auth_san_uri: URI, tls_client_auth_san_dns: "a.example" },
      "client_certificate_misplaced",
    ],
    [
      "with a name for a client with a secret",
      { ...BY_CERTIFICATE, token_endpoint_auth_method: "client_secret_basic", tls_client_auth_san_uri: URI },
      "client_certificate_misplaced",
    ],
    ["with a pattern", { ...BY_CERTIFICATE, tls_client_auth_san_dns: "*.example" }, "request_invalid"],
    ["by the subject", { ...BY_CERTIFICATE, tls_client_auth_subject_dn: "CN=ledger" }, "request_invalid"],
  ] as const)
    test(`${title} is refused [CAUTH-13]`, async (t) => {
      const { operate } = await serving(t);
      const answer = await operate("/v1/clients", json);
      assert.deepEqual([answer.status, answer.json["code"]], [400, code]);
    });

  test("is for a method that the metadata name, where certificates are asked for [CAUTH-14] [META-8]", async (t) => {
    const { send } = await serving(t);
    const { json } = await send("/.well-known/oauth-authorization-server", { method: "GET" });
    for (const endpoint of ["token", "introspection", "revocation"]) {
      const methods = json[`${endpoint}_endpoint_auth_methods_supported`] as readonly string[];
      assert.ok(methods.includes("tls_client_auth"), endpoint);
    }
  });
});

test("where a certificate is required, it authenticates the same, and nobody else gets in [CAUTH-10] [TLS-3]", async (t) => {
  const stage = await serving(t, { tls_client_certificates: "required" });
  assert.equal((await stage.operate("/v1/clients", { ...BY_CERTIFICATE, tls_client_auth_san_uri: URI })).status, 201);
  assert.equal((await stage.token(ledger)).status, 200);
  await assert.rejects(stage.token(null));
});

test("where one is asked for, whoever has none gets in, and authenticates as before [TLS-3]", async (t) => {
  const { send, server } = await serving(t);
  const headers = { authorization: `Basic ${btoa(server.operatorCredentials ?? "")}` };
  const form = { grant_type: "client_credentials" };
  for (const as of [null, stranger.issue("x", "clientAuth"), ledger])
    assert.equal((await send("/oauth2/token", { form, headers, as })).status, 200);
});
