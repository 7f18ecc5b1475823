// Tokens of each algorithm, on each crypto of the platform: accepted under their own key, and under no other.

import assert from "node:assert/strict";
import * as nodeCrypto from "node:crypto";
import { describe, it } from "node:test";
import { encodeBase64url, type SigningAlg } from "@hallpass/protocol";
import { KeySet } from "./key-set.ts";
import { platformCrypto, webCrypto } from "./platform-crypto.ts";
import type { Crypto } from "./ports.ts";
import { readJwk } from "./public-jwk.ts";
import { createTestIssuer } from "./testing/index.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };
type Jwk = { readonly [name: string]: string };

interface Signer {
  readonly alg: SigningAlg;
  readonly kid: string;
  readonly jwk: Jwk;
  sign(input: string): Uint8Array;
}

const ORDER: Readonly<Record<SigningAlg, readonly string[]>> = {
  ES256: ["crv", "kty", "x", "y"],
  RS256: ["e", "kty", "n"],
  Ed25519: ["crv", "kty", "x"],
};

function signerOf(alg: SigningAlg, bits = 2048): Signer {
  const { privateKey, publicKey } =
    alg === "ES256"
      ? nodeCrypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
      : alg === "RS256"
        ? nodeCrypto.generateKeyPairSync("rsa", { modulusLength: bits })
        : nodeCrypto.generateKeyPairSync("ed25519");
  const exported: Readonly<Record<string, unknown>> = { ...publicKey.export({ format: "jwk" }) };
  const members = Object.fromEntries(ORDER[alg].map((name) => [name, String(exported[name])]));
  const kid = nodeCrypto.createHash("sha256").update(JSON.stringify(members)).digest("base64url");
  const digest = alg === "Ed25519" ? null : "sha256";
  return {
    alg,
    kid,
    jwk: { ...members, kid, alg, use: "sig" },
    sign: (input) => nodeCrypto.sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }),
  };
}

const ALGS: readonly SigningAlg[] = ["ES256", "RS256", "Ed25519"];
const signers = ALGS.map((alg) => signerOf(alg));
const text = (value: object): string => encodeBase64url(new TextEncoder().encode(JSON.stringify(value)));

function tokenOf(claims: object, signer: Signer, header: object = { alg: signer.alg, typ: "at+jwt", kid: signer.kid }) {
  const input = `${text(header)}.${text(claims)}`;
  return `${input}.${encodeBase64url(signer.sign(input))}`;
}

async function anIssuer() {
  const issuer = await createTestIssuer(options);
  issuer.feed.publish(signers.map(({ kid, jwk }) => ({ kid, state: "active", jwk })));
  await issuer.advance(0);
  const [, payload = ""] = (await issuer.token()).split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const answer = async (token: string): Promise<string> => {
    const verdict = await issuer.verifier.verify(token);
    return verdict.kind === "accepted" ? "accepted" : verdict.code;
  };
  return { issuer, claims, answer };
}

describe("a token of each algorithm", () => {
  it("is accepted under its own key, and its header can't say another algorithm than the key's [AT-V2] [JWKS-3] [KEY-8]", async () => {
    const { issuer, claims, answer } = await anIssuer();
    for (const signer of signers) {
      assert.equal(await answer(tokenOf(claims, signer)), "accepted", signer.alg);
      for (const other of signers.filter((one) => one !== signer)) {
        const named = { alg: signer.alg, typ: "at+jwt", kid: other.kid };
        assert.match(await answer(tokenOf(claims, signer, named)), /^(wrong_type|malformed_token)$/);
        const lying = { alg: other.alg, typ: "at+jwt", kid: signer.kid };
        assert.match(await answer(tokenOf(claims, signer, lying)), /^(wrong_type|malformed_token)$/);
      }
    }
    issuer.close();
  });

  it("is refused with one bit of its signature or its claims changed [AT-V4]", async () => {
    const { issuer, claims, answer } = await anIssuer();
    for (const signer of signers) {
      const [header = "", payload = "", signature = ""] = tokenOf(claims, signer).split(".");
      const bytes = Buffer.from(signature, "base64url");
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      assert.equal(await answer(`${header}.${payload}.${encodeBase64url(bytes)}`), "bad_signature", signer.alg);
      const others = text({ ...claims, sub: "mallory" });
      assert.equal(await answer(`${header}.${others}.${signature}`), "bad_signature", signer.alg);
    }
    issuer.close();
  });

  it("is refused under the name EdDSA, which does not say which curve [AT-V2] [ALG-3]", async () => {
    const { issuer, claims, answer } = await anIssuer();
    const signer = signers.find(({ alg }) => alg === "Ed25519");
    assert.ok(signer);
    assert.equal(await answer(tokenOf(claims, signer, { alg: "EdDSA", typ: "at+jwt", kid: signer.kid })), "wrong_type");
    issuer.close();
  });
});

describe("a key of the set", () => {
  it("is none with a member missing, malformed or private, another alg or use, or a name that is not its thumbprint [JWKS-3] [JWKS-4] [JWKS-9]", async () => {
    const crypto = platformCrypto();
    for (const { jwk, kid, alg } of signers) {
      const spoilt: readonly Jwk[] = [
        ...ORDER[alg].flatMap((name) => [omit(jwk, name), { ...jwk, [name]: "" }, { ...jwk, [name]: `${jwk[name]}=` }]),
        { ...jwk, d: "AQAB" },
        { ...jwk, use: "enc" },
        omit(jwk, "alg"),
        ...["HS256", "EdDSA", "PS256", ...ALGS.filter((other) => other !== alg)].map((other) => ({
          ...jwk,
          alg: other,
        })),
      ];
      for (const one of spoilt) assert.equal(readJwk(one), undefined, JSON.stringify(one));
      assert.ok(readJwk({ ...jwk, later: "ignored" }));
      const set = new KeySet();
      set.replace({ type: "keys", version: 1, keys: [{ kid: `${kid.slice(1)}A`, state: "active", jwk }] }, true);
      assert.equal(await set.find(`${kid.slice(1)}A`)?.open(crypto), undefined);
    }
  });

  it("is none with an RSA modulus below 2,048 bits or another exponent [JWKS-9]", () => {
    const rsa = signers.find(({ alg }) => alg === "RS256");
    assert.ok(rsa && readJwk(rsa.jwk));
    assert.equal(readJwk(signerOf("RS256", 1024).jwk), undefined);
    assert.equal(readJwk({ ...rsa.jwk, e: "Aw" }), undefined);
  });
});

describe("the platform's crypto", () => {
  const cryptos: readonly (readonly [string, Crypto])[] = [
    ["node:crypto", platformCrypto()],
    ["WebCrypto", webCrypto()],
  ];
  for (const [name, crypto] of cryptos) {
    it(`verifies RS256 and Ed25519 through ${name}, and says no to what is not a signature [KEY-8]`, async () => {
      for (const signer of signers) {
        const { alg } = signer;
        if (alg === "ES256") continue;
        const read = readJwk(signer.jwk);
        assert.ok(read);
        const key = await crypto.importKey(read.jwk);
        const signature = signer.sign("input");
        assert.equal(await crypto.verifyOther(alg, key, "input", signature), true, alg);
        assert.equal(await crypto.verifyOther(alg, key, "other", signature), false);
        assert.equal(await crypto.verifyOther(alg, key, "input", new Uint8Array(signature.length)), false);
        assert.equal(await crypto.verifyOther(alg, key, "input", new Uint8Array(0)), false);
      }
    });
  }
});

function omit(jwk: Jwk, name: string): Jwk {
  return Object.fromEntries(Object.entries(jwk).filter(([one]) => one !== name));
}
