// Clients that authenticate with a key, and the assertions they make: what is right unless a test says otherwise.

import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { API, ISSUER, type Received, type Scene, type SceneOptions, scene } from "./scene.ts";

export const TYPE: string = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export interface Keys {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function keysFor(alg: string, kid?: string): Promise<Keys> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), ...(kid === undefined ? {} : { kid }) } };
}

export const own: Keys = await keysFor("ES256", "one");
export const stranger: Keys = await keysFor("ES256", "one");
export const seconds = (stage: Scene): number => stage.clock.now() / 1000;

export async function register(stage: Scene, id: string, more: object): Promise<Received> {
  return stage.send({
    path: "/v1/clients",
    headers: { authorization: `Bearer ${await stage.bearer()}` },
    json: {
      client_id: id,
      token_endpoint_auth_method: "private_key_jwt",
      grant_types: ["client_credentials", "refresh_token"],
      scope: "read write",
      audiences: API,
      ...more,
    },
  });
}

export async function played(options: SceneOptions = {}): Promise<Scene> {
  const stage = await scene(options);
  const made = await register(stage, "signer", { jwks: { keys: [own.jwk] } });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json["client_secret"], undefined);
  stage.facts();
  return stage;
}

let made = 0;

export interface Assertion {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly alg?: string;
  readonly key?: CryptoKey;
}

export function asserted(
  stage: Scene,
  { claims = {}, header = {}, alg = "ES256", key = own.privateKey }: Assertion = {},
): Promise<string> {
  made += 1;
  const now = seconds(stage);
  const all = { iss: "signer", sub: "signer", aud: ISSUER, jti: `a-${made}`, iat: now, exp: now + 60, ...claims };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(kept).setProtectedHeader({ alg, ...header }).sign(key);
}

export function present(
  stage: Scene,
  assertion: string,
  more: Readonly<Record<string, string>> = {},
  headers = {},
): Promise<Received> {
  const form = { grant_type: "client_credentials", client_assertion_type: TYPE, client_assertion: assertion, ...more };
  return stage.send({ path: "/oauth2/token", headers, form });
}

export function assertRefused(answer: Received): void {
  assert.deepEqual([answer.status, answer.json["error"]], [401, "invalid_client"], answer.text);
  assert.equal(answer.json["access_token"], undefined);
}
