// The doctor before a deployment of the guide, through a real nginx with TLS, and before one in which as much as possible is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deployment } from "./stage.ts";

const CLIENT = {
  token_endpoint_auth_method: "none",
  grant_types: ["refresh_token"],
  scope: "read",
  audiences: ["https://api.example"],
};

test("of a deployment as the guide describes it every check is right", async () => {
  const good = await deployment();
  try {
    await good.verifier();
    await good.operate("/v1/clients", { client_id: "shop", ...CLIENT });
    await good.operate("/v1/sessions", { subject: "01jq2", client_id: "shop" });
    await good.reported();
    const { code, checks } = await good.doctor();
    const others = [...checks.values()].filter(({ verdict }) => verdict !== "right");
    assert.deepEqual(others, []);
    assert.equal(code, 0);
    assert.ok(checks.size >= 31);
  } finally {
    await good.end();
  }
});

test("of one in which each of these is wrong each is found, and what is right stays right", async () => {
  const bad = await deployment({
    certificateDays: 5,
    env: {
      HALLPASS_KEK_FILE: undefined,
      HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
      HALLPASS_METRICS_LISTEN: "0.0.0.0:0",
      HALLPASS_TRUSTED_PROXIES: undefined,
      HALLPASS_AUDIT_KEPT: "30d",
    },
    nginx: {
      "ssl_protocols TLSv1.2 TLSv1.3;": "ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0;",
      "large_client_header_buffers 4 16k;": "large_client_header_buffers 4 4k;",
      "location / {":
        "location = /.well-known/jwks.json { return 200 '{\"keys\":[]}'; }\n  location = /readyz { return 503; }\n  location / {",
    },
  });
  try {
    const forgiving = await bad.verifier({ onStale: "accept" });
    assert.equal(forgiving.readiness().ready, true);
    await bad.operate("/v1/clients", { client_id: "shop", ...CLIENT });
    await bad.operate("/v1/sessions", { subject: "ada@example.org", client_id: "shop" });
    await bad.operate("/v1/policies/lax/versions", { from: "consumer", retry_window_s: 300 });
    await bad.reported();
    const { code, checks } = await bad.doctor();
    const verdicts = Object.fromEntries([...checks.values()].map(({ id, verdict }) => [id, verdict]));
    const right = Object.entries(verdicts).filter(([, verdict]) => verdict === "right");
    assert.deepEqual(Object.fromEntries(Object.entries(verdicts).filter(([, verdict]) => verdict !== "right")), {
      certificate: "warning",
      "tls-version": "failure",
      headers: "failure",
      kek: "warning",
      "secrets-in-environment": "warning",
      listeners: "warning",
      callers: "warning",
      "retry-window": "warning",
      subjects: "warning",
      "verifiers-accept": "warning",
      ready: "failure",
      retention: "warning",
      "published-keys": "failure",
    });
    assert.equal(right.length, checks.size - 13);
    assert.equal(code, 3);
    const said = JSON.stringify([...checks.values()]);
    assert.ok(!said.includes("ada@example.org") && !said.includes("BwcHBwcH"), "a subject or a secret was shown");
  } finally {
    await bad.end();
  }
});
