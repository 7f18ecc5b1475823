import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeBase64url } from "./base64url.ts";
import {
  JWS_LIMITS,
  MAX_KID_LENGTH,
  parseCompactJws,
  parseJwsHeader,
  parseJwsSignature,
  splitCompactJws,
} from "./compact-jws.ts";

const anyText = fc.uint16Array().map((units) => String.fromCharCode(...units));
const HEADER = { alg: "ES256", typ: "at+jwt", kid: "k1" };
const PAYLOAD = { iss: "https://as.test", sub: "u1", iat: 1, exp: 2 };

const part = (text: string) => encodeBase64url(new TextEncoder().encode(text));
const signature = (length = 64) => encodeBase64url(new Uint8Array(length).fill(7));

function tokenOf({ header = JSON.stringify(HEADER), payload = JSON.stringify(PAYLOAD), sig = signature() } = {}) {
  return `${part(header)}.${part(payload)}.${sig}`;
}
const withHeader = (header: object) => tokenOf({ header: JSON.stringify(header) });
const codeOf = (token: string) => {
  const parsed = parseCompactJws(token);
  return parsed.ok ? "ok" : parsed.code;
};

test("a well-formed token gives its header, its claims, its signature and what was signed", () => {
  const token = tokenOf();
  assert.deepEqual(parseCompactJws(token), {
    ok: true,
    header: HEADER,
    payload: PAYLOAD,
    signingInput: token.slice(0, token.lastIndexOf(".")),
    signature: new Uint8Array(64).fill(7),
  });
});

test("typ and kid may be absent here; whether they may is the caller's to judge", () => {
  assert.deepEqual(parseJwsHeader(part('{"alg":"ES256"}')), {
    ok: true,
    header: { alg: "ES256", typ: undefined, kid: undefined },
  });
});

test("an unsecured token is refused, with or without a signature and in any case [J-01] [J-02] [J-03]", () => {
  assert.equal(codeOf(tokenOf({ header: '{"alg":"none","typ":"at+jwt"}', sig: "" })), "jws_malformed");
  for (const alg of ["none", "None", "NONE", "nOnE"]) {
    assert.equal(codeOf(withHeader({ ...HEADER, alg })), "jws_algorithm");
    assert.equal(codeOf(tokenOf({ header: JSON.stringify({ ...HEADER, alg }), sig: "AAAA" })), "jws_algorithm");
  }
});

test("an alg that is no algorithm name is refused [J-02]", () => {
  for (const alg of ["none ", " none", "none\u0000", "", null, 0, true, "ES256\n", "ＥＳ256", "E".repeat(33)]) {
    assert.equal(codeOf(withHeader({ ...HEADER, alg })), "jws_header", JSON.stringify(alg));
  }
  for (const alg of [[], ["ES256"], {}]) assert.equal(codeOf(withHeader({ ...HEADER, alg })), "json_too_deep");
  assert.equal(codeOf(withHeader({ typ: "at+jwt", kid: "k1" })), "jws_header");
});

test("every symmetric algorithm is refused [J-06]", () => {
  for (const alg of ["HS256", "HS384", "HS512", "hs256", "Hs1"]) {
    assert.equal(codeOf(tokenOf({ header: JSON.stringify({ ...HEADER, alg }), sig: signature(32) })), "jws_algorithm");
  }
});

test("a header member outside alg, typ and kid is refused by its presence [J-10] [J-11] [J-13] [J-44] [J-45]", () => {
  for (const member of [
    "jku",
    "x5u",
    "x5t",
    "x5t#S256",
    "b64",
    "cty",
    "zip",
    "enc",
    "crit",
    "x5c",
    "jwk",
    "iss",
    "ALG",
    "unknown",
  ]) {
    for (const value of ["x", "", null, false]) {
      assert.equal(codeOf(withHeader({ ...HEADER, [member]: value })), "jws_header", member);
    }
    for (const value of [["exp"], [], { kty: "EC" }]) {
      assert.equal(codeOf(withHeader({ ...HEADER, [member]: value })), "json_too_deep", member);
    }
  }
});

test("a kid is 1 to 128 printable ASCII characters [J-20]", () => {
  for (const kid of ["", 1, null, true, "k 1", "k1\u0000", "k\n1", "kü", "k".repeat(MAX_KID_LENGTH + 1)]) {
    assert.equal(codeOf(withHeader({ ...HEADER, kid })), "jws_header", JSON.stringify(kid));
  }
  assert.equal(codeOf(withHeader({ ...HEADER, kid: {} })), "json_too_deep");
  for (const length of [1, MAX_KID_LENGTH - 1, MAX_KID_LENGTH]) {
    assert.equal(codeOf(withHeader({ ...HEADER, kid: "k".repeat(length) })), "ok");
  }
});

test("a typ is a short printable string [J-24]", () => {
  for (const typ of ["", "at+jwt ", "at+jwt\u0000", 1, null, "t".repeat(65)]) {
    assert.equal(codeOf(withHeader({ ...HEADER, typ })), "jws_header", JSON.stringify(typ));
  }
});

test("an ES256 signature is 64 bytes, no more and no fewer [J-16]", () => {
  for (const length of [1, 63, 65, 70, 72]) assert.equal(codeOf(tokenOf({ sig: signature(length) })), "jws_signature");
  assert.equal(parseJwsSignature(signature(63), "EdDSA").ok, true);
  assert.deepEqual(parseJwsHeader("A"), { ok: false, code: "jws_malformed" });
  assert.deepEqual(parseJwsSignature("A", "ES256"), { ok: false, code: "jws_malformed" });
});

test("every other number of dots is refused, however many [J-39]", () => {
  const [header, payload, sig] = tokenOf().split(".");
  for (const token of [
    "",
    ".",
    "..",
    "...",
    `${header}`,
    `${header}.${payload}`,
    `.${payload}.${sig}`,
    `${header}..${sig}`,
    `${header}.${payload}.`,
  ]) {
    assert.equal(codeOf(token), "jws_malformed", token);
  }
  for (const token of [`.${tokenOf()}`, `${tokenOf()}.`, `${tokenOf()}.x`, `${tokenOf()}...`])
    assert.equal(codeOf(token), "jws_malformed", token);
  assert.deepEqual(splitCompactJws("a.b.c.d"), { ok: false, code: "jws_malformed" });
  assert.equal(codeOf(".".repeat(4096)), "jws_malformed");
  assert.equal(codeOf(".".repeat(1_000_000)), "jws_too_large");
});

test("a second spelling of any part is refused [J-38]", () => {
  const [header = "", payload = "", sig = ""] = tokenOf().split(".");
  for (const suffix of ["=", "==", " ", "\n", "\t", "%3D", "+", "/", "A"]) {
    assert.notEqual(codeOf(`${header}${suffix}.${payload}.${sig}`), "ok", suffix);
    assert.notEqual(codeOf(`${header}.${payload}${suffix}.${sig}`), "ok", suffix);
    assert.notEqual(codeOf(`${header}.${payload}.${sig}${suffix}`), "ok", suffix);
  }
  assert.equal(codeOf(`${header}.${payload}.${sig.slice(0, -1)}x`), "jws_malformed");
});

test("no other text of a token decodes to the same token [J-38]", () => {
  const token = tokenOf();
  const original = JSON.stringify(parseCompactJws(token));
  fc.assert(
    fc.property(
      fc.nat(token.length - 1),
      fc.constantFrom(...Array.from("AQgwz09-_+/=. \n.\u0141")),
      (at, character) => {
        fc.pre(token[at] !== character);
        const parsed = parseCompactJws(token.slice(0, at) + character + token.slice(at + 1));
        if (parsed.ok) assert.notEqual(JSON.stringify(parsed), original);
      },
    ),
  );
});

test("the length limits hold at, before and after their boundaries, whole and by part [J-41]", () => {
  const limits = { token: 1000, header: 100, payload: 200 };
  const code = (header: number, payload: number, sig: number) => {
    const split = splitCompactJws(`${"h".repeat(header)}.${"p".repeat(payload)}.${"s".repeat(sig)}`, limits);
    return split.ok ? "ok" : split.code;
  };
  assert.deepEqual([code(99, 9, 9), code(100, 9, 9), code(101, 9, 9)], ["ok", "ok", "jws_too_large"]);
  assert.deepEqual([code(9, 199, 9), code(9, 200, 9), code(9, 201, 9)], ["ok", "ok", "jws_too_large"]);
  assert.deepEqual([code(9, 9, 979), code(9, 9, 980), code(9, 9, 981)], ["ok", "ok", "jws_too_large"]);
  assert.deepEqual(JWS_LIMITS, { token: 4096, header: 512, payload: 3072 });
});

test("header and payload are strict JSON objects [J-40] [J-42]", () => {
  for (const json of ["[]", "null", '"x"', "1", "true"]) {
    assert.equal(codeOf(tokenOf({ header: json })), "jws_malformed");
    assert.equal(codeOf(tokenOf({ payload: json })), "jws_malformed");
  }
  assert.equal(codeOf(tokenOf({ header: '{"alg":"none","alg":"ES256"}' })), "json_duplicate_member");
  assert.equal(codeOf(tokenOf({ payload: '{"sub":"a","\\u0073ub":"b"}' })), "json_duplicate_member");
  assert.equal(codeOf(tokenOf({ payload: '\ufeff{"sub":"a"}' })), "json_malformed");
  assert.equal(codeOf(tokenOf({ header: `\ufeff${JSON.stringify(HEADER)}` })), "json_malformed");
  assert.equal(codeOf(tokenOf({ payload: '{"sub":"\\ud800"}' })), "json_bad_string");
  assert.equal(codeOf(tokenOf({ payload: '{"__proto__":{}}' })), "json_bad_string");
  assert.equal(codeOf(tokenOf({ header: '{"alg":"ES256","__proto__":"x"}' })), "json_bad_string");
  assert.equal(codeOf(tokenOf({ payload: `{"a":${"[".repeat(1000)}${"]".repeat(1000)}}` })), "json_too_deep");
});

test("a part is read as it stands, whatever was read before it, and however long it may be", () => {
  const wide = { token: 100_000, header: 512, payload: 90_000 };
  const payloads = [{ a: "x".repeat(9000) }, { a: "y" }, { a: "z".repeat(300) }, {}];
  for (const payload of [...payloads, ...payloads]) {
    const parsed = parseCompactJws(tokenOf({ payload: JSON.stringify(payload) }), wide);
    assert.deepEqual(parsed.ok ? parsed.payload : parsed.code, payload);
  }
});

test("any text gets an answer and never a throw", () => {
  fc.assert(fc.property(anyText, (text) => void parseCompactJws(text)));
  const parts = fc.array(fc.json().map(part), { minLength: 3, maxLength: 3 });
  fc.assert(fc.property(parts, (three) => assert.equal(parseCompactJws(three.join(".")).ok, false)));
});
