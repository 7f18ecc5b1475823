// Vectors of Project Wycheproof (spec/wycheproof.md) against what reads and verifies tokens here. Nothing in them is an access token: their
// payloads are no JSON. So each step is asked that a token goes through, but for that one.

import assert from "node:assert/strict";
import * as nodeCrypto from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  decodeBase64url,
  encodeBase64url,
  type JsonObject,
  type JsonValue,
  parseCompactJws,
  parseJwsHeader,
  parseJwsSignature,
  type SigningAlg,
  splitCompactJws,
} from "@hallpass/protocol";
import { platformCrypto, webCrypto } from "./platform-crypto.ts";
import type { Crypto } from "./ports.ts";
import { readJwk } from "./public-jwk.ts";

type Part = "header" | "payload" | "signature";
type Result = "valid" | "invalid";

interface JwsVector {
  readonly tcId: number;
  readonly jws: string;
  readonly result: Result;
  readonly from?: number;
  readonly differs?: readonly Part[];
  readonly lacks?: readonly Part[];
  readonly padding?: true;
}

interface SignatureVector {
  readonly tcId: number;
  readonly comment: string;
  readonly msg?: string;
  readonly sig: string;
  readonly result: Result;
}

interface Vectors {
  readonly jws: {
    readonly groups: readonly { readonly key: JsonObject | null; readonly tests: readonly JwsVector[] }[];
  };
  readonly ecdsa: { readonly key: JsonObject; readonly msg: string; readonly tests: readonly SignatureVector[] };
  readonly ed25519: { readonly key: JsonObject; readonly tests: readonly SignatureVector[] };
}

const given = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/wycheproof.json", import.meta.url), "utf8"),
) as Vectors;
const groups = given.jws.groups;
const KEYS = groups.flatMap(({ key }) => (key === null ? [] : [key]));
const all = groups.flatMap(({ tests }) => tests);
const CRYPTOS: readonly Crypto[] = [platformCrypto(), webCrypto()];
const PARTS: readonly Part[] = ["header", "payload", "signature"];

/** Valid there, refused here. Nothing is refused there and valid here. */
const DEVIATIONS: ReadonlyMap<string, readonly number[]> = new Map([
  ["no secret is shared with a verifier: HS256 is no algorithm here", [1, 348, 352, 357, 358, 359, 376, 377]],
  ["the same, and what is no base64url is not skipped", [372, 373]],
  ["the key says PS256, the header PS384: one key, one algorithm, and neither signs here", [346, 350]],
  ["ES512 signs nothing here, and the key's alg is misspelt", [347, 351]],
]);

async function verifies(crypto: Crypto, jwk: JsonObject, input: string, signature: Uint8Array): Promise<boolean> {
  const read = readJwk(jwk);
  if (read === undefined) return false;
  const key = await crypto.importKey(read.jwk);
  return read.alg === "ES256"
    ? crypto.verifyEs256(key, input, signature)
    : crypto.verifyOther(read.alg, key, input, signature);
}

async function ours(crypto: Crypto, jws: string, jwk: JsonObject): Promise<Result> {
  const split = splitCompactJws(jws);
  if (!split.ok) return "invalid";
  const { parts } = split;
  const header = parseJwsHeader(parts.header);
  if (!header.ok || decodeBase64url(parts.payload) === undefined) return "invalid";
  const signature = parseJwsSignature(parts.signature, header.header.alg);
  if (!signature.ok || readJwk(jwk)?.alg !== header.header.alg) return "invalid";
  return (await verifies(crypto, jwk, parts.signingInput, signature.signature)) ? "valid" : "invalid";
}

describe("the vectors of Wycheproof", () => {
  it("get the answer of their file, or one that is listed with its reason [WYC-1] [J-01] [J-06] [J-10] [J-16] [J-38] [J-39]", async () => {
    const listed = new Set([...DEVIATIONS.values()].flat());
    const found = new Set<number>();
    for (const { key, tests } of groups) {
      const keys = key === null ? KEYS : [key];
      for (const crypto of CRYPTOS) {
        for (const jwk of keys) {
          for (const { tcId, jws, result } of tests) {
            const answer = await ours(crypto, jws, jwk);
            if (answer === result) continue;
            assert.equal(answer, "invalid", `${tcId} is refused there and valid here`);
            found.add(tcId);
          }
        }
      }
    }
    assert.deepEqual([...found].toSorted(byNumber), [...listed].toSorted(byNumber));
    // The step that was left out refuses every one of them: none has an object of JSON in it.
    for (const { jws } of all) assert.equal(parseCompactJws(jws).ok, false);
  });

  it("are copied right: valid ones verify, and changed ones differ where it says so [WYC-2]", () => {
    for (const { key, tests } of groups) {
      for (const { tcId, jws, result } of tests) {
        if (result === "valid" && tcId !== 372 && tcId !== 373) assert.ok(genuine(jws, key ?? {}), `${tcId}`);
      }
    }
    const byId = new Map(all.map((vector) => [vector.tcId, vector]));
    for (const { tcId, jws, from, differs, lacks } of all) {
      const origin = byId.get(from ?? tcId)?.jws.split(".") ?? [];
      const texts = jws.split(".");
      if (lacks !== undefined) {
        const left = origin.filter((_, at) => !lacks.includes(PARTS[at] ?? "header"));
        assert.equal(jws, left.join("."), `${tcId}`);
      }
      if (differs === undefined) continue;
      assert.equal(texts.length, 3);
      const changed = PARTS.filter((_, at) => texts[at] !== origin[at]);
      assert.deepEqual(changed, differs, `${tcId}`);
    }
    for (const { tcId, jws, padding } of all) if (padding) assert.ok(isOtherPadding(jws), `${tcId}`);
  });

  it("that put the bounds of the group into ECDSA get the answer of their file [WYC-3] [J-16]", async () => {
    const message = Buffer.from(given.ecdsa.msg, "hex").toString("latin1");
    for (const { tcId, comment, sig, result } of given.ecdsa.tests) {
      const bytes = Buffer.from(sig, "hex");
      assert.equal(await answerTo("ES256", given.ecdsa.key, message, bytes), result, `${tcId}`);
      const values = /r=(.+) and s=(.+)/.exec(comment);
      if (values === null) continue;
      const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)].map((half) => BigInt(`0x${half.toString("hex")}`));
      assert.deepEqual([r, s], [value(values[1]), value(values[2])], `${tcId} is what its comment says`);
    }
    const longer = given.ecdsa.tests.filter(({ comment }) => /\+/.test(comment) && /replaced/.test(comment));
    for (const { tcId, sig } of longer) assert.ok(sig.length > 128, `${tcId} has more than 64 bytes`);
  });

  it("that change a signature of Ed25519 get the answer of their file [WYC-3] [J-16]", async () => {
    for (const { tcId, msg, sig, result } of given.ed25519.tests) {
      const message = Buffer.from(msg ?? "", "hex").toString("latin1");
      assert.equal(await answerTo("Ed25519", given.ed25519.key, message, Buffer.from(sig, "hex")), result, `${tcId}`);
    }
  });

  it("whose R was changed were made with the one private scalar, and those that lost a 0 verify with it [WYC-2]", () => {
    const publicKey = Buffer.from(textOf(given.ed25519.key["x"]), "base64url");
    const key = nodeCrypto.createPublicKey({ key: { ...given.ed25519.key }, format: "jwk" });
    const [, good, ...others] = given.ed25519.tests.filter(({ tcId }) => tcId <= 5 || (tcId >= 42 && tcId <= 62));
    const hashOf = ({ sig = "", msg = "" }: Partial<SignatureVector>): bigint =>
      littleEndian(
        nodeCrypto
          .createHash("sha512")
          .update(Buffer.concat([Buffer.from(sig.slice(0, 64), "hex"), publicKey, Buffer.from(msg, "hex")]))
          .digest(),
      );
    const scalarOf = ({ sig = "" }: Partial<SignatureVector>): bigint =>
      littleEndian(Buffer.from(sig.slice(64), "hex"));
    assert.ok(good !== undefined && others.length > 5);
    // s = r + h·a for the same r, so that two of them give a.
    const scalars = others.map((one) =>
      modulo((scalarOf(one) - scalarOf(good)) * inverse(modulo(hashOf(one) - hashOf(good)))),
    );
    assert.equal(new Set(scalars).size, 1);
    for (const { sig, msg = "" } of given.ed25519.tests.filter(({ sig: text }) => text.length === 126)) {
      const bytes = Buffer.from(sig, "hex");
      const mended = Array.from({ length: 64 }, (_, at) =>
        Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1), bytes.subarray(at)]),
      );
      assert.ok(mended.some((one) => nodeCrypto.verify(null, Buffer.from(msg, "hex"), key, one)));
    }
  });
});

async function answerTo(alg: SigningAlg, jwk: JsonObject, message: string, bytes: Buffer): Promise<Result> {
  const parsed = parseJwsSignature(encodeBase64url(bytes), alg);
  if (!parsed.ok) return "invalid";
  const answers = await Promise.all(
    CRYPTOS.map((crypto) => verifies(crypto, { ...jwk, alg }, message, parsed.signature)),
  );
  assert.equal(new Set(answers).size, 1, "both platforms say the same");
  return answers[0] === true ? "valid" : "invalid";
}

/** By the platform alone, with nothing of ours. */
function genuine(jws: string, jwk: JsonObject): boolean {
  const [header = "", payload = "", signature = ""] = jws.split(".");
  const input = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, "base64url");
  const { alg } = JSON.parse(Buffer.from(header, "base64url").toString()) as { readonly alg: string };
  const digest = `sha${alg.slice(2)}`;
  if (jwk["kty"] === "oct") {
    const made = nodeCrypto
      .createHmac(digest, Buffer.from(textOf(jwk["k"]), "base64url"))
      .update(input)
      .digest();
    return made.equals(bytes);
  }
  const key = nodeCrypto.createPublicKey({ key: { ...jwk }, format: "jwk" });
  if (!alg.startsWith("PS")) return nodeCrypto.verify(digest, input, { key, dsaEncoding: "ieee-p1363" }, bytes);
  const padding = nodeCrypto.constants.RSA_PKCS1_PSS_PADDING;
  return nodeCrypto.verify(digest, input, { key, padding }, bytes);
}

/** What the private key was asked to sign begins like a block of PKCS #1 and is not the block of this text: a slip of one character would leave nothing of it. */
function isOtherPadding(jws: string): boolean {
  const rsa = groups.find(({ key }) => key?.["alg"] === "RS256")?.key ?? {};
  const key = nodeCrypto.createPublicKey({ key: { ...rsa }, format: "jwk" });
  const signature = Buffer.from(jws.split(".")[2] ?? "", "base64url");
  const block = nodeCrypto.publicDecrypt({ key, padding: nodeCrypto.constants.RSA_NO_PADDING }, signature);
  return block.subarray(0, 4).toString("hex") === "0001ffff" && !genuine(jws, rsa);
}

function textOf(text: JsonValue | undefined): string {
  if (typeof text !== "string") throw new TypeError("the vectors have a text here");
  return text;
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const FIELD = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const NAMED: Readonly<Record<string, bigint>> = { n: ORDER, p: FIELD };

function value(text = ""): bigint {
  const [name = "", sign, by] = text.split(" ");
  const base = NAMED[name] ?? BigInt(name);
  return sign === undefined ? base : sign === "+" ? base + BigInt(by ?? 0) : base - BigInt(by ?? 0);
}

const SUBGROUP = 2n ** 252n + 27742317777372353535851937790883648493n;

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
}

function modulo(number: bigint): bigint {
  return ((number % SUBGROUP) + SUBGROUP) % SUBGROUP;
}

function inverse(number: bigint): bigint {
  let result = 1n;
  let base = number;
  for (let exponent = SUBGROUP - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = modulo(result * base);
    base = modulo(base * base);
  }
  return result;
}

function byNumber(one: number, other: number): number {
  return one - other;
}
