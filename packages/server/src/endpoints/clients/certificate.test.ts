// Clients of tls_client_auth at a server that asks nobody for a certificate.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientId, registerClient } from "@hallpass/core";
import { operate } from "../../testing/bounded-client.ts";
import { publicClient, scene } from "../../testing/scene.ts";

const BODY = {
  client_id: "ledger",
  token_endpoint_auth_method: "tls_client_auth",
  tls_client_auth_san_dns: "ledger.example",
  grant_types: ["client_credentials"],
  scope: "read",
  audiences: "https://api.example",
};

test("can't be registered, and the metadata name no such method [CAUTH-14] [META-8]", async () => {
  const stage = await scene();
  const answer = await operate(stage, { path: "/v1/clients", json: BODY });
  assert.deepEqual([answer.status, answer.json["code"], stage.facts()], [409, "certificates_not_asked", []]);
  const { text } = await stage.send({ path: "/.well-known/oauth-authorization-server" });
  assert.equal(text.includes("tls_client_auth"), false);
});

test("that are there already get nothing, because no certificate can be shown [CAUTH-10]", async () => {
  const stage = await scene();
  const client = {
    ...publicClient("ledger"),
    id: "ledger" as ClientId,
    authentication: "tls_client_auth",
    grants: ["client_credentials"],
    certificate: { kind: "san_dns", value: "ledger.example" },
  } as const;
  assert.ok((await registerClient(stage.services, client, null)).ok);
  const form = { grant_type: "client_credentials", client_id: "ledger" };
  const answer = await stage.send({ path: "/oauth2/token", form });
  assert.deepEqual([answer.status, answer.json["error"]], [401, "invalid_client"]);
});
