// private_key_jwt: from an assertion to credentials that core takes (RFC 7521 section 4.2, RFC 7523 section 3). What costs nothing is judged
// first; the name of the assertion is used up last, when everything else about it is right, and before anything is done for it.

import {
  type ClientCredentials,
  type ClientKeys,
  clientFromRow,
  clientKey,
  type PublicJwk,
  useOnce,
} from "@hallpass/core";
import { parseCompactJws } from "@hallpass/protocol";
import { compactVerify } from "jose";
import type { Services } from "../../services.ts";
import { parseAssertionClaims, untimely, usableUntil } from "./assertion-claims.ts";
import { type AssertionAlgorithm, candidates, isAssertionAlgorithm, keyOf } from "./public-jwk.ts";

export const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** RFC 7523bis section 4 has the first; a bare JWT says nothing about what it is for, which is allowed. */
const TYPES: readonly (string | undefined)[] = ["client-authentication+jwt", "jwt", undefined];

/** Undefined for whatever is wrong with it. Throws Faults of the store, and `client_keys_unavailable`: who can't be judged is not refused. */
export async function proveClient(
  services: Services,
  assertion: string,
  named: string | undefined,
): Promise<ClientCredentials | undefined> {
  const jws = parseCompactJws(assertion);
  if (!jws.ok) return undefined;
  const { alg, kid, typ } = jws.header;
  if (!isAssertionAlgorithm(alg) || !TYPES.includes(typ?.toLowerCase().replace(/^application\//, ""))) return undefined;
  const claims = parseAssertionClaims(jws.payload, services.issuer);
  // RFC 7521 section 4.2: a client_id beside the assertion names the same client.
  if (claims === undefined || (named !== undefined && named !== claims.client)) return undefined;
  const { store, tenant, issuer } = services;
  const key = clientKey(tenant, claims.client);
  const snapshot = await store.read([key]);
  const wrongTime = untimely(claims, issuer.skew, snapshot.clock);
  if (wrongTime !== undefined) {
    services.observer.assertionUntimely(wrongTime);
    return undefined;
  }
  const row = snapshot.get(key);
  const client = row === undefined ? undefined : clientFromRow(row);
  if (client?.keys === undefined || client.status !== "active") return undefined;
  if (!(await isSigned(services, client.keys, assertion, alg, kid))) return undefined;
  // Of its own clients only: whoever signs nothing of theirs tells nothing of their clocks.
  if (claims.iat !== undefined) services.observer.clientBehind(snapshot.clock - claims.iat * 1000);
  const until = usableUntil(claims, issuer.skew);
  const fresh = await useOnce(services, { type: "client_assertion", owner: claims.client, name: claims.jti, until });
  if (!fresh) services.observer.replayed("client_assertion");
  return fresh ? { method: "private_key_jwt", clientId: claims.client, provenWith: client.keys } : undefined;
}

async function isSigned(
  services: Services,
  keys: ClientKeys,
  assertion: string,
  alg: AssertionAlgorithm,
  kid: string | undefined,
): Promise<boolean> {
  if (keys.kind === "registered") return anyVerifies(candidates(keys.jwks, alg, kid), assertion, alg);
  const published = await services.publishedKeys.of(keys.uri);
  if (await anyVerifies(candidates(published, alg, kid), assertion, alg)) return true;
  if (kid !== undefined && published.some((jwk) => jwk.kid === kid)) return false;
  // The client may have rotated since: one more look, and not often.
  const newer = candidates(await services.publishedKeys.newerOf(keys.uri), alg, kid);
  return anyVerifies(newer, assertion, alg);
}

export async function anyVerifies(
  jwks: readonly PublicJwk[],
  assertion: string,
  alg: AssertionAlgorithm,
): Promise<boolean> {
  for (const jwk of jwks) {
    const key = keyOf(jwk);
    if (key === undefined) continue;
    const verified = await compactVerify(assertion, key, { algorithms: [alg] }).then(
      () => true,
      () => false,
    );
    if (verified) return true;
  }
  return false;
}
