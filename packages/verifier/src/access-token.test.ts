// Every way to a wrong token that spec/attacks.md names for a verifier. One verifier, many texts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { newKey, signJws } from "./testing/test-issuer.ts";
import type { RejectionCode } from "./verdict.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };
let issuer: TestIssuer;
let key: Awaited<ReturnType<typeof newKey>>;
const otherKey = await newKey();

before(async () => {
  issuer = await createTestIssuer(options);
  key = await newKey();
  issuer.feed.publish([key.wire]);
});
after(() => issuer.close());

const goodHeader = () => ({ alg: "ES256", typ: "at+jwt", kid: key.wire.kid });
const seconds = () => Math.floor(issuer.clock.now() / 1000);
const claims = (given: Readonly<Record<string, unknown>> = {}): object => ({
  iss: options.issuer,
  sub: "u-81",
  aud: options.audience,
  client_id: "web",
  scope: "read write",
  iat: seconds(),
  exp: seconds() + 600,
  jti: "4pJ0mB2nQm6cG0q3f1x0Aw",
  sid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10",
  fam: "AAECAw",
  pos: "1.0",
  ...given,
});
const sign = (header: object, payload: object = claims(), by = key.sign) => signJws(by, header, payload);
const b64 = (text: string): string => encodeBase64url(new TextEncoder().encode(text));

async function refuses(token: string, codes: readonly RejectionCode[] = ["malformed_token"]): Promise<void> {
  const verdict = await issuer.verifier.verify(token);
  assert.equal(verdict.kind, "rejected", `${token.slice(0, 80)} was ${verdict.kind}`);
  assert.ok(codes.includes(verdict.code), `${verdict.code} for ${token.slice(0, 80)}`);
  assert.deepEqual([verdict.status, verdict.challenge], [401, 'Bearer error="invalid_token"']);
}
async function accepts(token: string): Promise<void> {
  const verdict = await issuer.verifier.verify(token);
  assert.equal(verdict.kind, "accepted", JSON.stringify(verdict));
}

test("a good token is accepted, and its claims are what was signed [AT-V4]", async () => {
  const verdict = await issuer.verifier.verify(await sign(goodHeader()));
  assert.ok(verdict.kind === "accepted");
  assert.deepEqual(
    [verdict.subject, verdict.clientId, verdict.sid, verdict.scope],
    ["u-81", "web", "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10", ["read", "write"]],
  );
});

test("an unsecured token is refused in every spelling of none [J-01] [J-02] [J-03] [AT-V1]", async () => {
  const good = await sign(goodHeader());
  const [, payload = "", signature = ""] = good.split(".");
  for (const alg of ["none", "None", "NONE", "nOnE", "none ", "none\0", "", null, [], ["ES256"], 0]) {
    const head = b64(JSON.stringify({ ...goodHeader(), alg }));
    for (const end of ["", "AAAA", signature]) await refuses(`${head}.${payload}.${end}`);
  }
});

test("a signature holds for its own payload only [J-05] [AT-V4]", async () => {
  const [head, , signature] = (await sign(goodHeader())).split(".");
  const [, payload] = (await sign(goodHeader(), claims({ sub: "admin" }))).split(".");
  await refuses(`${head}.${payload}.${signature}`, ["bad_signature"]);
});

test("symmetric and foreign algorithms are refused whatever the key is called [J-06] [J-09] [J-19] [AT-V2]", async () => {
  for (const alg of ["HS256", "HS384", "HS512"]) await refuses(await sign({ ...goodHeader(), alg }));
  for (const alg of ["PS256", "RS512", "ES384", "EdDSA", "es256"]) {
    await refuses(await sign({ ...goodHeader(), alg }), ["wrong_type"]);
  }
});

test("the algorithm is the key's: a key published for another one verifies nothing [J-09] [J-19] [AT-1]", async () => {
  const published = issuer.feed.keys;
  for (const jwk of [
    { ...key.wire.jwk, alg: "ES384" },
    { ...key.wire.jwk, crv: "P-384" },
    { kty: "oct", k: "AAAA" },
  ]) {
    issuer.feed.publish([{ ...key.wire, jwk }]);
    await refuses(await sign(goodHeader()), ["wrong_type"]);
  }
  issuer.feed.publish([{ ...otherKey.wire, kid: key.wire.kid }]);
  await refuses(await sign(goodHeader(), claims(), otherKey.sign), ["wrong_type"]);
  issuer.feed.publish(published);
  await accepts(await sign(goodHeader()));
});

test("a header that brings its own key is refused by its presence, and nothing is fetched [J-10] [J-11] [J-13]", async () => {
  const address = "http://127.0.0.1:9/key";
  const members = [
    { jwk: otherKey.wire.jwk },
    { jku: address },
    { x5u: "file:///etc/passwd" },
    { x5c: ["AAAA"] },
    { x5t: "AAAA" },
    ...[["exp"], ["x-unknown"], [], "b64", ["b64", "b64"], [1]].map((crit) => ({ crit })),
    { zip: "DEF" },
    { b64: false },
  ];
  for (const member of members) await refuses(await sign({ ...goodHeader(), ...member }));
  const { kid: _, ...keyless } = goodHeader();
  await refuses(await sign({ ...keyless, jwk: otherKey.wire.jwk }, claims(), otherKey.sign));
});

test("degenerate signatures are refused [J-16] [AT-V4]", async () => {
  const good = await sign(goodHeader());
  const input = good.slice(0, good.lastIndexOf("."));
  const n = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
  const zero = Buffer.alloc(32);
  const one = Buffer.alloc(32, 1);
  const pairs = [
    [zero, zero],
    [zero, one],
    [one, zero],
    [n, one],
    [one, n],
    [Buffer.alloc(32, 255), Buffer.alloc(32, 255)],
  ];
  for (const pair of pairs) await refuses(`${input}.${encodeBase64url(Buffer.concat(pair))}`, ["bad_signature"]);
  for (const length of [1, 63, 65, 70, 72]) {
    await refuses(`${input}.${encodeBase64url(new Uint8Array(length).fill(48))}`);
  }
});

test("the other signature of the same token does not escape its revocation [J-17]", async () => {
  const twin = await createTestIssuer(options);
  const token = await twin.token();
  const cut = token.lastIndexOf(".");
  const signature = decodeBase64url(token.slice(cut + 1)) ?? new Uint8Array(64);
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = n - BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  const other = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
  const twinToken = `${token.slice(0, cut)}.${encodeBase64url(other)}`;
  await twin.verifier.verify(twinToken);
  await twin.revoke(token);
  for (const text of [token, twinToken]) {
    const verdict = await twin.verifier.verify(text);
    assert.equal(verdict.kind === "rejected" && verdict.code, "revoked");
  }
  twin.close();
});

test("a kid is a name in the key set and nothing else, and an unknown one asks nobody [J-20] [AT-V3] [JWKS-6]", async () => {
  const connects = issuer.verifier.metrics().feedConnects;
  const kids = [
    "../../etc/passwd",
    "/dev/null",
    "'OR1=1--",
    "$(id)",
    "http://x",
    "__proto__",
    "constructor",
    "k1",
    "K1",
  ];
  for (const kid of kids) await refuses(await sign({ ...goodHeader(), kid }), ["unknown_key"]);
  for (const kid of [1, null, {}, "", "k1\0", "' OR 1", "x".repeat(100_000)]) {
    await refuses(await sign({ ...goodHeader(), kid }));
  }
  const { kid: _, ...keyless } = goodHeader();
  await refuses(await sign(keyless));
  assert.equal(issuer.verifier.metrics().feedConnects, connects);
});

test("typ is at+jwt or application/at+jwt, without regard to case [J-24] [AT-V2]", async () => {
  for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"]) {
    await accepts(await sign({ ...goodHeader(), typ }));
  }
  for (const typ of ["JWT", "at+jwt;x", "application/application/at+jwt", "hallpass-receipt+jwt"]) {
    await refuses(await sign({ ...goodHeader(), typ }), ["wrong_type"]);
  }
  for (const typ of ["at+jwt ", ["at+jwt"], "", null]) await refuses(await sign({ ...goodHeader(), typ }));
  const { typ: _, ...typeless } = goodHeader();
  await refuses(await sign(typeless), ["wrong_type"]);
});

test("claims of a wrong type or out of bounds are refused [J-30] [J-31] [AT-V5] [AT-2]", async () => {
  const bad: Record<string, unknown>[] = [];
  for (const name of ["iss", "sub", "client_id", "jti"])
    for (const value of [1, {}, "", "a\0b", undefined]) bad.push({ [name]: value });
  for (const scope of [["read"], "read  write", "read\twrite", "read read", " read", ""]) bad.push({ scope });
  for (const iat of ["1", 1.5, -1, null]) bad.push({ iat });
  bad.push({ pos: undefined }, { pos: "1" }, { pos: "01.1" }, { pos: "1.1.1" });
  bad.push(
    { sid: "019A9C3E-6F1A-7C41-9A52-0D7C2B1F9E10" },
    { sid: undefined },
    { fam: undefined },
    { fam: "AAECAx==" },
  );
  bad.push({ anc: "x" }, { anc: Array.from({ length: 9 }, (_, n) => `019a9c3e-6f1a-7c41-9a52-00000000000${n}`) });
  for (const given of bad) await refuses(await sign(goodHeader(), claims(given)), ["malformed_claims"]);
  await refuses(await sign(goodHeader(), claims({ sub: "x".repeat(256) })), ["malformed_claims"]);
});

test("aud holds exactly our audience, alone or among others [J-29] [AT-V5] [AT-11] [JAT-5]", async () => {
  await accepts(await sign(goodHeader(), claims({ aud: ["https://other.example", options.audience] })));
  for (const aud of ["https://api.example.evil", "https://api", "HTTPS://API.EXAMPLE", ["https://other.example"]]) {
    await refuses(await sign(goodHeader(), claims({ aud })), ["wrong_audience"]);
  }
  const many = Array.from({ length: 11 }, (_, n) => (n === 0 ? options.audience : `https://${n}.example`));
  for (const aud of [undefined, "", [], 1, [[options.audience]], [options.audience, options.audience], many]) {
    await refuses(await sign(goodHeader(), claims({ aud })), ["malformed_claims"]);
  }
});

test("iss is equal, character by character, and another issuer's key signs nothing here [J-34] [AT-V5]", async () => {
  for (const iss of ["https://auth.example/", "https://AUTH.example", "http://auth.example"]) {
    await refuses(await sign(goodHeader(), claims({ iss })), ["wrong_issuer"]);
  }
  await refuses(await sign({ ...goodHeader(), kid: otherKey.wire.kid }, claims(), otherKey.sign), ["unknown_key"]);
  await refuses(await sign(goodHeader(), claims(), otherKey.sign), ["bad_signature"]);
});

test("a token is good strictly before exp + skew [J-26] [AT-V5]", async () => {
  const token = await sign(goodHeader(), claims({ exp: seconds() + 10 }));
  const end = (seconds() + 15) * 1000;
  await issuer.advance(end - 1 - issuer.clock.now());
  await accepts(token);
  await issuer.advance(1);
  await refuses(token, ["expired"]);
  await issuer.advance(1);
  await refuses(token, ["expired"]);
});

test("nbf and iat lie at most the skew ahead [J-27] [AT-V5]", async () => {
  const now = seconds();
  for (const name of ["nbf", "iat"]) {
    await accepts(await sign(goodHeader(), claims({ [name]: now + 5 })));
    await refuses(await sign(goodHeader(), claims({ [name]: now + 6 })), ["not_yet_valid"]);
  }
});

test("a lifetime is positive and not over the issuer's longest [AT-V5]", async () => {
  const now = seconds();
  await accepts(await sign(goodHeader(), claims({ iat: now, exp: now + 3600 })));
  for (const exp of [now, now + 3601]) {
    await refuses(await sign(goodHeader(), claims({ iat: now, exp })), ["lifetime_too_long"]);
  }
});

test("a token that needs a proof is refused, whatever its confirmation holds [J-32] [AT-V6]", async () => {
  for (const cnf of [{}, { jkt: "x" }, { jkt: "A".repeat(43), "x5t#S256": "A".repeat(43) }, { unknown: 1 }]) {
    await refuses(await sign(goodHeader(), claims({ cnf })), ["unproven_sender"]);
  }
});

test("who spoils two things learns nothing about the second: the signature is judged first [J-33] [AT-V4]", async () => {
  for (const given of [{ exp: seconds() - 100, iat: seconds() - 200 }, { aud: "https://other.example" }]) {
    await refuses(await sign(goodHeader(), claims(given), otherKey.sign), ["bad_signature"]);
  }
});

test("base64url has one spelling, and the memory of signatures shares none [J-38] [I-11] [AT-V1]", async () => {
  const good = await sign(goodHeader());
  await accepts(good);
  const [head = "", payload = "", signature = ""] = good.split(".");
  const last = signature.at(-1) ?? "";
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = alphabet[alphabet.indexOf(last) + 1] ?? "";
  const variants = ["=", " ", "\n", "\t", "%3D", "\0"].flatMap((end) => [
    `${good}${end}`,
    `${head}${end}.${payload}.${signature}`,
    `${head}.${payload}${end}.${signature}`,
  ]);
  variants.push(
    `${head}.${payload}.${signature.slice(0, -1)}${twin}`,
    ` ${good}`,
    good.replaceAll("-", "+").replaceAll("_", "/"),
  );
  variants.push(`${head}.${payload.slice(0, 9)}\n${payload.slice(9)}.${signature}`);
  for (const variant of variants.filter((text) => text !== good)) await refuses(variant);
  await accepts(good);
});

test("three parts, no more and no fewer, told without splitting a million dots [J-39] [J-44] [AT-V1]", async () => {
  const good = await sign(goodHeader());
  const [head, payload, signature] = good.split(".");
  const texts = [
    "",
    ".",
    "..",
    `${head}.${payload}`,
    `${good}.`,
    `.${good}`,
    `${good}.a`,
    `${good}.a.b`,
    `${head}..${signature}`,
  ];
  for (const text of [...texts, ".".repeat(1_000_000)]) await refuses(text);
});

test("no byte order mark, no invalid UTF-8, no lone surrogate [J-40] [AT-V1]", async () => {
  const good = await sign(goodHeader());
  const [head, , signature] = good.split(".");
  const written = JSON.stringify(claims());
  const payloads = [
    Buffer.from(`\ufeff${written}`),
    Buffer.concat([Buffer.from(written.slice(0, -1)), Buffer.from([0xff]), Buffer.from("}")]),
    Buffer.from(written.replace("u-81", "\\ud800")),
  ];
  for (const payload of payloads) await refuses(`${head}.${encodeBase64url(payload)}.${signature}`);
});

test("a text that is too long is refused before anything is decoded [J-41] [AT-V1]", async () => {
  const good = await sign(goodHeader());
  for (const length of [4097, 5_000_000]) await refuses(good.padEnd(length, "A"));
  await refuses(await sign(goodHeader(), claims({ more: "x".repeat(4000) })));
});

test("no duplicate members, no deep or wide JSON, no inherited names [J-42] [AT-V1]", async () => {
  const [head, , signature] = (await sign(goodHeader())).split(".");
  const written = JSON.stringify(claims());
  const payloads = [
    written.replace("{", '{"sub":"admin",'),
    written.replace("{", '{"s\\u0075b":"admin",'),
    `${"[".repeat(1000)}${"]".repeat(1000)}`,
    written.replace("{", '{"__proto__":{"admin":true},'),
    written.replace("{", '{"constructor":1,'),
    "[]",
    "null",
    `${written} `.replace("}", "} x"),
  ];
  for (const payload of payloads) await refuses(`${head}.${b64(payload)}.${signature}`);
  assert.equal(({} as Readonly<Record<string, unknown>>)["admin"], undefined);
});

test("an encrypted token is no access token [J-44] [J-45]", async () => {
  const jwe = b64(JSON.stringify({ alg: "dir", enc: "A256GCM", zip: "DEF" }));
  await refuses(`${jwe}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`);
});
