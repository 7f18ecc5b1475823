// Authlib on Python, which shares no code with us or with the libraries beside it: a client that authenticates in three ways, introspects and revokes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { promisify } from "node:util";
import { exportJWK } from "jose";
import { registerClient, runningServer } from "./running-server.ts";

const SCRIPT = `
import json, sys, time
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
given = json.loads(sys.argv[1])
issuer, method = given["issuer"], given["method"]

class ForTheIssuer(PrivateKeyJWT):
    # Authlib's assertions live an hour unless told otherwise, and claims that are handed in keep their first jti.
    def sign(self, auth, token_endpoint):
        self.claims = {"exp": int(time.time()) + 60}
        return super().sign(auth, issuer)

session = OAuth2Session(given["id"], given["secret"], token_endpoint_auth_method=method, revocation_endpoint_auth_method=method)
if method == "private_key_jwt":
    session.register_client_auth_method(ForTheIssuer(alg="ES256"))
session.default_timeout = 10
token = session.fetch_token(issuer + "/oauth2/token", grant_type="client_credentials")
def active():
    answer = session.introspect_token(issuer + "/oauth2/introspect", token=token["access_token"])
    return answer.json()
before = active()
revoked = session.revoke_token(issuer + "/oauth2/revoke", token=token["access_token"], token_type_hint="access_token")
print(json.dumps([token["token_type"], before["active"], before["client_id"], revoked.status_code, active()]))
`;

const run = promisify(execFile);

test("Authlib gets a token by a secret in either place and by a key, introspects it and revokes it [CAUTH-3] [CAUTH-11]", async (t) => {
  const server = await runningServer();
  t.after(() => server.close());
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { client_secret: posted } = await registerClient(server, {
    client_id: "poster",
    token_endpoint_auth_method: "client_secret_post",
  });
  await registerClient(server, { client_id: "signer", jwks: { keys: [await exportJWK(publicKey)] } });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  for (const [method, id, secret] of [
    ["client_secret_basic", server.operator.id, server.operator.secret],
    ["client_secret_post", "poster", posted],
    ["private_key_jwt", "signer", pem],
  ] as const) {
    const given = JSON.stringify({ issuer: server.issuer, method, id, secret });
    const env = { ...process.env, AUTHLIB_INSECURE_TRANSPORT: "1" };
    const { stdout } = await run("/usr/bin/python3", ["-c", SCRIPT, given], { env, timeout: 60_000 });
    assert.deepEqual(JSON.parse(stdout), ["Bearer", true, id, 200, { active: false }], method);
  }
});
