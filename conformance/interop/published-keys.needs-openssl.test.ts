// A client that publishes its keys: a web server of its own, a real certificate, real look-ups, and a rotation while it is used.

import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { exportJWK } from "jose";
import * as oauth from "oauth4webapi";
import { authority } from "../../packages/server/src/testing/certificates.ts";
import { registerClient, runningServer } from "./running-server.ts";

const http = { [oauth.allowInsecureRequests]: true } as const;

test("a client is known by the key it publishes, a stranger is not, and its web server may be away for a while [CAUTH-7]", async (t) => {
  const ca = authority();
  t.after(() => ca.remove());
  setDefaultCACertificates([...getCACertificates("default"), ca.certificate]);
  const { certificate, key } = ca.issue("localhost");
  let shown: object[] = [];
  const web = createServer({ cert: certificate, key }, (_, response) => {
    response.setHeader("content-type", "application/jwk-set+json");
    response.end(JSON.stringify({ keys: shown }));
  });
  await new Promise<void>((resolve) => web.listen(0, "localhost", resolve));
  t.after(() => web.close());
  const uri = `https://localhost:${(web.address() as AddressInfo).port}/jwks`;
  const server = await runningServer({ outbound_networks: "127.0.0.0/8,::1" });
  t.after(() => server.close());
  await registerClient(server, { client_id: "publisher", jwks_uri: uri });
  const issuer = new URL(server.issuer);
  const discovery = await oauth.discoveryRequest(issuer, { ...http, algorithm: "oauth2" });
  const as = await oauth.processDiscoveryResponse(issuer, discovery);
  const client = { client_id: "publisher" };
  const granted = async (authentication: oauth.ClientAuth): Promise<number> => {
    const none = new URLSearchParams();
    return (await oauth.clientCredentialsGrantRequest(as, client, authentication, none, http)).status;
  };
  const first = await oauth.generateKeyPair("ES256", { extractable: true });
  shown = [{ ...(await exportJWK(first.publicKey)), kid: "first" }];
  const asFirst = oauth.PrivateKeyJwt({ key: first.privateKey, kid: "first" });
  assert.equal(await granted(asFirst), 200);
  const stranger = await oauth.generateKeyPair("ES256");
  assert.equal(await granted(oauth.PrivateKeyJwt({ key: stranger.privateKey, kid: "first" })), 401);
  // Its web server goes away: what is known is used on.
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  assert.equal(await granted(asFirst), 200);
});

test("an address inside is not called unless the operator says so: 503, and nobody connected [E-18]", async (t) => {
  let connected = 0;
  const web = createServer();
  web.on("connection", () => {
    connected += 1;
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  t.after(() => web.close());
  const server = await runningServer();
  t.after(() => server.close());
  const { port } = web.address() as AddressInfo;
  await registerClient(server, { client_id: "insider", jwks_uri: `https://127.0.0.1:${port}/jwks` });
  const issuer = new URL(server.issuer);
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...http, algorithm: "oauth2" }),
  );
  const { privateKey } = await oauth.generateKeyPair("ES256");
  const authentication = oauth.PrivateKeyJwt(privateKey);
  const none = new URLSearchParams();
  const response = await oauth.clientCredentialsGrantRequest(as, { client_id: "insider" }, authentication, none, http);
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "30");
  assert.equal(connected, 0);
});
