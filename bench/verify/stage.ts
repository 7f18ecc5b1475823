// Tokens of one issuer, and verifiers of it in this process, with as many live notices as is asked for. Tokens are cut out of a header before
// each use, as a request delivers them: a text that is the very same object as before would have its hash already.

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import type { Verifier } from "@hallpass/verifier";
import { createVerifierOn, platformCrypto } from "../../packages/verifier/src/simulation.ts";
import { MemoryFeed } from "../../packages/verifier/src/testing/memory-feed.ts";
import { newKey } from "../../packages/verifier/src/testing/test-issuer.ts";

export const ISSUER = "https://auth.example";
export const AUDIENCE = "https://api.example";
const LEASE_MS = 3_600_000;

const key = await newKey();
export const privateKey: KeyObject = createPrivateKey({
  key: Buffer.from(await crypto.subtle.exportKey("pkcs8", key.sign)),
  format: "der",
  type: "pkcs8",
});
export const publicKey: KeyObject = createPublicKey(privateKey);
const head = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: key.wire.kid })).toString("base64url");

/** As it stands in a header, after `Bearer `. */
export function newHeader(): string {
  const iat = Math.floor(Date.now() / 1000);
  const id = randomBytes(6).toString("hex");
  const claims = {
    iss: ISSUER,
    sub: `u-${id}`,
    aud: AUDIENCE,
    client_id: "web",
    scope: "read write",
    iat,
    exp: iat + 3600,
    jti: randomBytes(16).toString("base64url"),
    sid: `019a9c3e-6f1a-7c41-9a52-${id}`,
    fam: "AAECAw",
    pos: "1.0",
  };
  const input = `${head}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `Bearer ${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** Round and round, each cut out anew. */
export function tokensOf(headers: readonly string[]): () => string {
  let at = 0;
  return () => (headers[at++ % headers.length] ?? "").slice(7);
}

/** With that many live notices, none of which matches. */
export async function verifierWith(notices: number): Promise<Verifier> {
  const feed = new MemoryFeed({ issuer: ISSUER, now: () => Date.now() });
  feed.keys = [key.wire];
  for (let n = 0; n < notices; n += 1) feed.take({ kind: "token", jti: randomBytes(16).toString("base64url") });
  const verifier = createVerifierOn(
    {
      clock: { now: () => Date.now(), monotonic: () => performance.now() },
      dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
      scheduler: {
        after: (ms, task) => {
          const timer = setTimeout(task, ms);
          return () => clearTimeout(timer);
        },
      },
      crypto: platformCrypto(),
      connect: (open) => {
        const connection = feed.connect(open);
        // The server's work on a batch of activity is not the verifier's, and here both run on one thread.
        return { ...connection, send: (text) => (text.includes('"activity"') ? undefined : connection.send(text)) };
      },
      fetchToken: () => Promise.resolve({ token: "t", expiresAt: Date.now() + LEASE_MS }),
    },
    { issuer: ISSUER, audience: AUDIENCE, maxStalenessMs: LEASE_MS },
  );
  await verifier.ready();
  return verifier;
}
