// The verifier beside fast-jwt and beside bare node:crypto.
//   remembered  a token whose signature was verified before; ours judges time, audience, key, notices and lease again
//   fresh       every token is one that is not remembered; the floor is node:crypto's verify and JSON.parse, and nothing else
//   bytes       what a live notice costs in the view
// Tokens are cut out of a header before each use, as a request delivers them: a text that is the very same object as
// before would have its hash already. 10,000 notices are live, none of which matches.
//   npm ci && node --conditions=hallpass-source main.ts

import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { createVerifier as createFastJwt } from "fast-jwt";
import { NoticeTable } from "../../packages/verifier/src/notice-table.ts";
import { createVerifierOn, platformCrypto } from "../../packages/verifier/src/simulation.ts";
import { MemoryFeed } from "../../packages/verifier/src/testing/memory-feed.ts";
import { newKey } from "../../packages/verifier/src/testing/test-issuer.ts";
import { alternate, printTable, ratio } from "./rounds.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 15);
const REMEMBERED = 200_000;
const FRESH = 500;
const FRESH_ROUNDS = ROUNDS * 4;
/** Until the compiler is done with all of them: a service verifies for longer than the first second. */
const FRESH_WARM_UP = 15_000;
const issuer = "https://auth.example";
const audience = "https://api.example";

const key = await newKey();
const privateKey = createPrivateKey({
  key: Buffer.from(await crypto.subtle.exportKey("pkcs8", key.sign)),
  format: "der",
  type: "pkcs8",
});
const publicKey = createPublicKey(privateKey);
const head = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: key.wire.kid })).toString("base64url");

function newToken(): string {
  const iat = Math.floor(Date.now() / 1000);
  const id = randomBytes(6).toString("hex");
  const claims = {
    iss: issuer,
    sub: `u-${id}`,
    aud: audience,
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
  return `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

const feed = new MemoryFeed({ issuer, now: () => Date.now() });
feed.keys = [key.wire];
for (let n = 0; n < 10_000; n += 1) feed.take({ kind: "token", jti: randomBytes(16).toString("base64url") });
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
    fetchToken: () => Promise.resolve({ token: "t", expiresAt: Date.now() + 3_600_000 }),
  },
  { issuer, audience, maxStalenessMs: 3_600_000 },
);
await verifier.ready();
const pem = publicKey.export({ type: "spki", format: "pem" });
const fastJwt = (cache: boolean | number) =>
  createFastJwt({ key: pem, algorithms: ["ES256"], allowedIss: issuer, allowedAud: audience, cache });

const headers = Array.from({ length: 1000 }, () => `Bearer ${newToken()}`);
const tokenAt = (index: number): string => (headers[index % headers.length] ?? "").slice(7);
const fastCached = fastJwt(10_000);
const remembered = await alternate(
  [
    {
      name: "hallpass judge(), remembered",
      run(count) {
        for (let n = 0; n < count; n += 1)
          if (verifier.judge(tokenAt(n))?.kind !== "accepted") throw new Error("refused");
      },
    },
    {
      name: "hallpass await verify(), remembered",
      async run(count) {
        for (let n = 0; n < count; n += 1) {
          if ((await verifier.verify(tokenAt(n))).kind !== "accepted") throw new Error("refused");
        }
      },
    },
    {
      name: "fast-jwt, cache hit",
      run(count) {
        for (let n = 0; n < count; n += 1) if (fastCached(tokenAt(n)).iss !== issuer) throw new Error("refused");
      },
    },
  ],
  ROUNDS,
  REMEMBERED,
);
printTable("A token seen before", remembered);
const [judged, awaited, hit] = remembered;
console.log(
  `  judge()  is ${ratio(judged, hit).toFixed(2)} x fast-jwt's cache hit; verify() ${ratio(awaited, hit).toFixed(2)} x`,
);

// Twice as many as are remembered: who comes round again was forgotten long ago, which the count of signatures shows.
const pool = Array.from({ length: 20_000 }, () => `Bearer ${newToken()}`);
const checked = verifier.metrics().signatureChecks;
const fresh = (): (() => string) => {
  let at = 0;
  return () => (pool[at++ % pool.length] ?? "").slice(7);
};
const fastUncached = fastJwt(false);
const [forP1363, forDer, forOurs, forFast] = [fresh(), fresh(), fresh(), fresh()];
const derOf = new Map(pool.map((text) => [text.slice(7), der(text)]));
const uncached = await alternate(
  [
    {
      name: "node:crypto (ieee-p1363) + JSON.parse",
      run(count) {
        for (let n = 0; n < count; n += 1) {
          const token = forP1363();
          const [header = "", payload = "", signature = ""] = token.split(".");
          const input = Buffer.from(`${header}.${payload}`, "latin1");
          const bytes = Buffer.from(signature, "base64url");
          if (!verify("sha256", input, { key: publicKey, dsaEncoding: "ieee-p1363" }, bytes))
            throw new Error("refused");
          if (JSON.parse(Buffer.from(payload, "base64url").toString()).iss !== issuer) throw new Error("refused");
        }
      },
    },
    {
      name: "node:crypto (DER, made before) + JSON.parse",
      run(count) {
        for (let n = 0; n < count; n += 1) {
          const token = forDer();
          const [header = "", payload = ""] = token.split(".");
          const bytes = derOf.get(token);
          const input = Buffer.from(`${header}.${payload}`, "latin1");
          if (bytes === undefined || !verify("sha256", input, publicKey, bytes)) throw new Error("refused");
          if (JSON.parse(Buffer.from(payload, "base64url").toString()).iss !== issuer) throw new Error("refused");
        }
      },
    },
    {
      name: "hallpass judge(), fresh",
      run(count) {
        for (let n = 0; n < count; n += 1)
          if (verifier.judge(forOurs())?.kind !== "accepted") throw new Error("refused");
      },
    },
    {
      name: "fast-jwt, no cache",
      run(count) {
        for (let n = 0; n < count; n += 1) if (fastUncached(forFast()).iss !== issuer) throw new Error("refused");
      },
    },
  ],
  FRESH_ROUNDS,
  FRESH,
  FRESH_WARM_UP,
);
if (verifier.metrics().signatureChecks - checked !== FRESH_WARM_UP + FRESH_ROUNDS * FRESH) {
  throw new Error("a token that was to be fresh was remembered");
}
printTable("A token never seen", uncached);
const [p1363, derForm, ours, peer] = uncached;
for (const floor of [p1363, derForm]) {
  console.log(`  over ${floor?.name}: ${((1 / ratio(ours, floor) - 1) * 100).toFixed(1)} % more time`);
}
console.log(`  ${ratio(ours, peer).toFixed(2)} x fast-jwt`);

console.log("\nBytes of a live notice");
for (const count of [1000, 100_000, 1_000_000]) {
  const table = new NoticeTable();
  const pos = (seq: number) => ({ epoch: 1, seq });
  for (let n = 1; n <= count; n += 1) {
    const jti = randomBytes(16).toString("base64url");
    table.add({ pos: pos(n), at: 0, until: 1, taking: { kind: "token", jti } });
  }
  console.log(`  ${String(count).padStart(9)} notices: ${(table.bytes / count).toFixed(1)} bytes each`);
}
verifier.close();

function der(text: string): Buffer {
  const input = text.slice(7, text.lastIndexOf("."));
  return sign("sha256", Buffer.from(input), privateKey);
}
