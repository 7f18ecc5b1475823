// Authlib on Python with a client certificate: another TLS, another HTTP, and an OAuth client that shares no code with us.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { type ClientId, registerClient } from "@hallpass/core";
import { loadConfig, startServer } from "@hallpass/server";
import { authority } from "../../packages/server/src/testing/certificates.ts";
import { freePort } from "./running-server.ts";

const SCRIPT = `
import json, sys
from authlib.integrations.requests_client import OAuth2Session
from authlib.integrations.base_client.errors import OAuthError
given = json.loads(sys.argv[1])
issuer = given["issuer"]

def client(certificate):
    # The method of RFC 8705 sends what "none" sends, on another connection.
    session = OAuth2Session("ledger", None, token_endpoint_auth_method="none", revocation_endpoint_auth_method="none")
    # An authority in the environment would stand over this one.
    session.trust_env = False
    session.verify = given["ca"]
    session.cert = certificate
    session.default_timeout = 10
    return session

def asked(certificate):
    try:
        return client(certificate).fetch_token(issuer + "/oauth2/token", grant_type="client_credentials")
    except OAuthError as refused:
        return {"error": refused.error}

own = tuple(given["own"])
token = asked(own)
answer = client(own).introspect_token(issuer + "/oauth2/introspect", token=token["access_token"]).json()
others = [asked(None)["error"], asked(tuple(given["other"]))["error"]]
print(json.dumps([token["token_type"], answer["active"], answer["client_id"], others]))
`;

const run = promisify(execFile);

test("Authlib gets a token by a certificate and introspects it, and gets none without it or with another's [CAUTH-10]", async (t) => {
  const ca = authority();
  const data = mkdtempSync(join(tmpdir(), "hallpass-interop-"));
  const host = ca.issue("127.0.0.1");
  const [own, other] = [ca.issue("ledger.example", "clientAuth"), ca.issue("other.example", "clientAuth")];
  const port = await freePort();
  const issuer = `https://127.0.0.1:${port}`;
  const over = {
    development: "true",
    store: "memory",
    data,
    listen: `127.0.0.1:${port}`,
    issuer,
    tls_certificate_file: host.certificateFile,
    tls_key_file: host.keyFile,
    tls_client_ca_file: ca.certificateFile,
    tls_client_certificates: "asked",
  };
  const loaded = loadConfig({ env: {}, over });
  assert.ok(loaded.ok);
  const server = await startServer(loaded.config, { logTo: { write: () => {} } });
  t.after(async () => {
    await server.close();
    ca.remove();
    rmSync(data, { recursive: true });
  });
  const client = {
    id: "ledger" as ClientId,
    name: "ledger",
    authentication: "tls_client_auth",
    grants: ["client_credentials"],
    scope: ["read"],
    audiences: ["https://api.example"],
    policy: "service",
    certificate: { kind: "san_dns", value: "ledger.example" },
  } as const;
  assert.ok((await registerClient(server.services, client, null)).ok);
  const given = {
    issuer,
    ca: ca.certificateFile,
    own: [own.certificateFile, own.keyFile],
    other: [other.certificateFile, other.keyFile],
  };
  const { stdout } = await run("/usr/bin/python3", ["-c", SCRIPT, JSON.stringify(given)], { timeout: 60_000 });
  assert.deepEqual(JSON.parse(stdout), ["Bearer", true, "ledger", ["invalid_client", "invalid_client"]]);
});
