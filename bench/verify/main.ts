// A verdict, beside libraries that verify a JWT and beside bare node:crypto.
//   remembered  a token whose signature was verified before; ours judges time, audience, key, notices and lease again
//   fresh       every token is one that is not remembered; the floor is node:crypto's verify and JSON.parse, and nothing else
// 10,000 notices are live, none of which matches.
//   npm run bench -- --only verify [--rounds 15] [--quick]

import { sign, verify } from "node:crypto";
import { parseArgs } from "node:util";
import { fastJwtVerifier, joseVerifier, jsonwebtokenVerifier } from "../peers/libraries.mjs";
import { alternate, type Contender, sayRates } from "../rounds.ts";
import { AUDIENCE, ISSUER, newHeader, privateKey, publicKey, tokensOf, verifierWith } from "./stage.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const ROUNDS = Number(values.rounds ?? (values.quick ? 3 : 15));
const REMEMBERED = values.quick ? 50_000 : 200_000;
const FRESH = 500;
const FRESH_ROUNDS = ROUNDS * (values.quick ? 2 : 4);
/** Until the compiler is done with all of them: a service verifies for longer than the first second. */
const FRESH_WARM_UP = values.quick ? 2000 : 15_000;
/** The verifier remembers 10,000: who comes round again among twice as many was forgotten long ago, which the count of signatures shows. */
const POOL = 20_000;
const NOTICES = 10_000;

const verifier = await verifierWith(NOTICES);
const judging = {
  publicKey: publicKey.export({ type: "spki", format: "pem" }),
  issuer: ISSUER,
  audience: AUDIENCE,
};

/** Each in a loop, with what says whether a token was accepted. */
function each(name: string, next: () => string, accepts: (token: string) => boolean): Contender {
  return {
    name,
    run: (count) => {
      for (let n = 0; n < count; n += 1) if (!accepts(next())) throw new Error(`${name} refused a token`);
    },
  };
}

const headers = Array.from({ length: 1000 }, newHeader);
const cached = fastJwtVerifier({ ...judging, cache: 10_000 });
const awaited = tokensOf(headers);
const remembered = await alternate(
  [
    each("Hallpass judge()", tokensOf(headers), (token) => verifier.judge(token)?.kind === "accepted"),
    {
      name: "Hallpass await verify()",
      async run(count) {
        for (let n = 0; n < count; n += 1)
          if ((await verifier.verify(awaited())).kind !== "accepted") throw new Error("refused");
      },
    },
    each("fast-jwt, cache hit", tokensOf(headers), (token) => cached(token)["iss"] === ISSUER),
  ],
  ROUNDS,
  REMEMBERED,
);
sayRates("verify-remembered", "a verdict on a token that was seen before", remembered);

const pool = Array.from({ length: POOL }, newHeader);
const checked = verifier.metrics().signatureChecks;
const derOf = new Map(pool.map((text) => [text.slice(7), der(text)]));
const uncached = fastJwtVerifier({ ...judging, cache: false });
const jose = await joseVerifier(judging);
const withJose = tokensOf(pool);
const jsonwebtoken = jsonwebtokenVerifier(judging);
const fresh = await alternate(
  [
    each("floor: node:crypto (ieee-p1363) + JSON.parse", tokensOf(pool), (token) => {
      const [header = "", payload = "", signature = ""] = token.split(".");
      const bytes = Buffer.from(signature, "base64url");
      const input = Buffer.from(`${header}.${payload}`, "latin1");
      return verify("sha256", input, { key: publicKey, dsaEncoding: "ieee-p1363" }, bytes) && isIssued(payload);
    }),
    each("floor: node:crypto (DER, made before) + JSON.parse", tokensOf(pool), (token) => {
      const [header = "", payload = ""] = token.split(".");
      const bytes = derOf.get(token) ?? Buffer.alloc(0);
      return verify("sha256", Buffer.from(`${header}.${payload}`, "latin1"), publicKey, bytes) && isIssued(payload);
    }),
    each("Hallpass judge()", tokensOf(pool), (token) => verifier.judge(token)?.kind === "accepted"),
    each("fast-jwt, no cache", tokensOf(pool), (token) => uncached(token)["iss"] === ISSUER),
    {
      name: "jose",
      async run(count) {
        for (let n = 0; n < count; n += 1) if ((await jose(withJose()))["iss"] !== ISSUER) throw new Error("refused");
      },
    },
    each("jsonwebtoken", tokensOf(pool), (token) => jsonwebtoken(token)["iss"] === ISSUER),
  ],
  FRESH_ROUNDS,
  FRESH,
  FRESH_WARM_UP,
);
if (verifier.metrics().signatureChecks - checked !== FRESH_WARM_UP + FRESH_ROUNDS * FRESH)
  throw new Error("a token that was to be fresh was remembered");
sayRates("verify-fresh", "a verdict on a token that was never seen", fresh);
verifier.close();

function isIssued(payload: string): boolean {
  return JSON.parse(Buffer.from(payload, "base64url").toString()).iss === ISSUER;
}

function der(text: string): Buffer {
  const input = text.slice(7, text.lastIndexOf("."));
  return sign("sha256", Buffer.from(input), privateKey);
}
