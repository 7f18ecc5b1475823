// Clients and libraries of other people, used as their own documentation says: what they accept is standard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRemoteJWKSet, exportJWK, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { openSession, operatorToken, type Running, registerClient, runningServer } from "./running-server.ts";

let server: Running;
before(async () => {
  server = await runningServer();
});
after(() => server.close());

const http = { [oauth.allowInsecureRequests]: true } as const;

async function discovered(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.issuer);
  const response = await oauth.discoveryRequest(issuer, { ...http, algorithm: "oauth2" });
  return oauth.processDiscoveryResponse(issuer, response);
}

test("oauth4webapi discovers the issuer, gets a client's token, introspects it and revokes it", async () => {
  const as = await discovered();
  const client = { client_id: server.operator.id };
  const authentication = oauth.ClientSecretBasic(server.operator.secret);
  const scope = new URLSearchParams({ scope: "keys:read" });
  const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, scope, http);
  const granted = await oauth.processClientCredentialsResponse(as, client, response);
  assert.equal(granted.token_type, "bearer");
  assert.equal(granted.scope, "keys:read");
  const introspected = async (): Promise<oauth.IntrospectionResponse> => {
    const asked = await oauth.introspectionRequest(as, client, authentication, granted.access_token, http);
    return oauth.processIntrospectionResponse(as, client, asked);
  };
  const { active, scope: shown, client_id: owner } = await introspected();
  assert.deepEqual([active, shown, owner], [true, "keys:read", server.operator.id]);
  const revoked = await oauth.revocationRequest(as, client, authentication, granted.access_token, http);
  assert.equal(await oauth.processRevocationResponse(revoked), undefined);
  assert.deepEqual(await introspected(), { active: false });
});

test("oauth4webapi reads an introspection that is signed, and verifies it", async () => {
  const as = await discovered();
  const client = { client_id: server.operator.id, introspection_signed_response_alg: "ES256" };
  const authentication = oauth.ClientSecretBasic(server.operator.secret);
  const token = await operatorToken(server);
  const jwt = { ...http, requestJwtResponse: true };
  const response = await oauth.introspectionRequest(as, client, authentication, token, jwt);
  assert.equal((await oauth.processIntrospectionResponse(as, client, response)).active, true);
  await oauth.validateApplicationLevelSignature(as, response, http);
});

test("oauth4webapi signs a public client out, and its refresh token is over", async () => {
  const as = await discovered();
  const client = { client_id: "demo" };
  const { refresh_token: token } = await openSession(server, await operatorToken(server));
  const revoked = await oauth.revocationRequest(as, client, oauth.None(), token, http);
  await oauth.processRevocationResponse(revoked);
  const response = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, http);
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, response), { error: "invalid_grant" });
});

test("oauth4webapi refreshes a public client's session, and reads our refusals", async () => {
  const as = await discovered();
  const client = { client_id: "demo" };
  const { refresh_token: first } = await openSession(server, await operatorToken(server));
  const response = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), first, http);
  const refreshed = await oauth.processRefreshTokenResponse(as, client, response);
  assert.notEqual(refreshed.refresh_token, first);
  const refused = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), "hpr_nothing", http);
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, refused), {
    name: "ResponseBodyError",
    error: "invalid_grant",
  });
  const nobody = { client_id: "nobody" };
  const unknown = await oauth.refreshTokenGrantRequest(as, nobody, oauth.None(), first, http);
  await assert.rejects(oauth.processRefreshTokenResponse(as, nobody, unknown), {
    name: "WWWAuthenticateChallengeError",
  });
});

test("oauth4webapi authenticates with a key of its own, to get a token, to introspect and to revoke it", async () => {
  const as = await discovered();
  const { privateKey, publicKey } = await oauth.generateKeyPair("ES256", { extractable: true });
  await registerClient(server, {
    client_id: "signer",
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: "one" }] },
  });
  const client = { client_id: "signer" };
  const authentication = oauth.PrivateKeyJwt({ key: privateKey, kid: "one" });
  const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, new URLSearchParams(), http);
  const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, response);
  const introspected = async (): Promise<boolean> => {
    const asked = await oauth.introspectionRequest(as, client, authentication, token, http);
    return (await oauth.processIntrospectionResponse(as, client, asked)).active;
  };
  assert.equal(await introspected(), true);
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, token, http));
  assert.equal(await introspected(), false);
  const stranger = oauth.PrivateKeyJwt({ key: (await oauth.generateKeyPair("ES256")).privateKey, kid: "one" });
  const refused = await oauth.clientCredentialsGrantRequest(as, client, stranger, new URLSearchParams(), http);
  await assert.rejects(oauth.processClientCredentialsResponse(as, client, refused), {
    name: "WWWAuthenticateChallengeError",
  });
});

test("oauth4webapi takes an access token for an RFC 9068 one", async () => {
  const as = await discovered();
  const { access_token: token } = await openSession(server, await operatorToken(server));
  const request = new Request("http://localhost:8027/", { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, "http://localhost:8027", http);
  assert.equal(claims.sub, "u-1");
});

test("jose verifies access tokens and receipts with the JWKS alone", async () => {
  const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`));
  const bearer = await operatorToken(server);
  const { access_token: token } = await openSession(server, bearer);
  const expected = { issuer: server.issuer, audience: "http://localhost:8027", typ: "at+jwt", algorithms: ["ES256"] };
  const { payload } = await jwtVerify(token, keys, expected);
  assert.equal(payload["client_id"], "demo");
  const response = await fetch(`${server.issuer}/v1/revocations`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ targets: [{ type: "subject", subject: "u-1" }] }),
  });
  const { jws, ...receipt } = (await response.json()) as { readonly jws: string };
  const verified = await jwtVerify(jws, keys, { typ: "hallpass-receipt+jwt" });
  assert.deepEqual(verified.payload, receipt);
});
