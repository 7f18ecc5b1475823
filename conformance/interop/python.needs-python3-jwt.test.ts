// PyJWT, which shares no code with us or with the libraries above, verifies an access token with the JWKS.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { openSession, operatorToken, runningServer } from "./running-server.ts";

const VERIFY = `
import json, sys, jwt
given = json.load(sys.stdin)
kid = jwt.get_unverified_header(given["token"])["kid"]
jwk = next(key for key in given["jwks"]["keys"] if key["kid"] == kid)
key = jwt.algorithms.ECAlgorithm.from_jwk(json.dumps(jwk))
claims = jwt.decode(given["token"], key, algorithms=["ES256"], audience=given["audience"], issuer=given["issuer"],
                    options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]})
print(json.dumps(claims))
`;

test("PyJWT verifies an access token with the key that the JWKS names, and refuses a changed one", async (t) => {
  const server = await runningServer();
  t.after(() => server.close());
  const { access_token: token } = await openSession(server, await operatorToken(server));
  const jwks: unknown = await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json();
  const run = (text: string): ReturnType<typeof spawnSync> =>
    spawnSync("/usr/bin/python3", ["-c", VERIFY], {
      input: JSON.stringify({ token: text, jwks, audience: "http://localhost:8027", issuer: server.issuer }),
      encoding: "utf8",
    });
  const verified = run(token);
  assert.equal(verified.status, 0, String(verified.stderr));
  const claims = JSON.parse(String(verified.stdout)) as Record<string, unknown>;
  assert.equal(claims["sub"], "u-1");
  assert.match(String(run(token.replace(/.{8}$/, "AAAAAAAA")).stderr), /InvalidSignatureError/);
});
