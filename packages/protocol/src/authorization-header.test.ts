import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_AUTHORIZATION_LENGTH, parseBasic, parseBearer } from "./authorization-header.ts";

const anyText = fc.uint16Array().map((units) => String.fromCharCode(...units));
const base64 = (text: string) => Buffer.from(text).toString("base64");
const basic = (text: string) => parseBasic(`Basic ${base64(text)}`);

test("a bearer token is read whatever the case of its scheme", () => {
  for (const scheme of ["Bearer", "bearer", "BEARER", "bEaReR"]) {
    assert.deepEqual(parseBearer(`${scheme} aZ0-._~+/==`), { kind: "bearer", token: "aZ0-._~+/==" });
  }
});

test("no header is absent, an empty one is malformed", () => {
  assert.deepEqual(parseBearer(null), { kind: "absent" });
  assert.deepEqual(parseBasic(null), { kind: "absent" });
  assert.deepEqual(parseBearer(""), { kind: "malformed" });
  assert.deepEqual(parseBasic(""), { kind: "malformed" });
});

test("two credentials joined into one header are never read as one", () => {
  for (const value of ["Bearer a, Bearer b", "Bearer a,Bearer b", "Bearer a,b", "Bearer a, Basic Yjpj", "Bearer a b"]) {
    assert.deepEqual(parseBearer(value), { kind: "malformed" }, value);
  }
  assert.deepEqual(parseBasic(`Basic ${base64("a:b")}, Basic ${base64("c:d")}`), { kind: "malformed" });
});

test("anything but one space and one b64token after the scheme is malformed", () => {
  for (const value of [
    "Bearer",
    "Bearer ",
    "Bearer  a",
    " Bearer a",
    "Bearer a ",
    "Bearer\ta",
    "Bearer a\n",
    "Bearer =",
    "Bearer a=b",
    'Bearer "a"',
    "Bearer ä",
    "Bearer:a",
    "\u0000 a",
    "Béarer a",
  ]) {
    assert.deepEqual(parseBearer(value), { kind: "malformed" }, value);
  }
});

test("another scheme is named in lower case, without what came with it", () => {
  assert.deepEqual(parseBearer("DPoP a.b.c"), { kind: "other_scheme", scheme: "dpop" });
  assert.deepEqual(parseBearer("Basic YTpi"), { kind: "other_scheme", scheme: "basic" });
  assert.deepEqual(parseBasic("Bearer a"), { kind: "other_scheme", scheme: "bearer" });
  assert.deepEqual(parseBearer("Negotiate"), { kind: "other_scheme", scheme: "negotiate" });
  assert.deepEqual(parseBearer(`${"x".repeat(32)} a`), { kind: "other_scheme", scheme: "x".repeat(32) });
  assert.deepEqual(parseBearer(`${"x".repeat(33)} a`), { kind: "malformed" });
});

test("a header is read up to the length limit and refused one beyond it [J-41]", () => {
  const ofLength = (length: number) => parseBearer(`Bearer ${"a".repeat(length - 7)}`).kind;
  assert.equal(ofLength(MAX_AUTHORIZATION_LENGTH - 1), "bearer");
  assert.equal(ofLength(MAX_AUTHORIZATION_LENGTH), "bearer");
  assert.equal(ofLength(MAX_AUTHORIZATION_LENGTH + 1), "malformed");
  assert.equal(parseBasic(`Basic ${"A".repeat(5_000_000)}`).kind, "malformed");
});

test("any client id and secret come back as a client that encodes them sends them [O-20]", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => !/\p{Cc}/u.test(value));
  const encode = (value: string) => new URLSearchParams({ v: value }).toString().slice(2);
  fc.assert(
    fc.property(
      text.filter((id) => id !== ""),
      text,
      (clientId, clientSecret) => {
        assert.deepEqual(basic(`${encode(clientId)}:${encode(clientSecret)}`), {
          kind: "basic",
          clientId,
          clientSecret,
        });
      },
    ),
  );
});

test("the first colon splits, and the halves are form-decoded [O-20]", () => {
  assert.deepEqual(basic("a:b:c"), { kind: "basic", clientId: "a", clientSecret: "b:c" });
  assert.deepEqual(basic("a%3Ab:c+d%2B"), { kind: "basic", clientId: "a:b", clientSecret: "c d+" });
  assert.deepEqual(basic("ü:€"), { kind: "basic", clientId: "ü", clientSecret: "€" });
  assert.deepEqual(basic("a:"), { kind: "basic", clientId: "a", clientSecret: "" });
});

test("an empty id, no colon, bad escapes and control characters are malformed [O-20]", () => {
  for (const credentials of [
    ":secret",
    ":",
    "a",
    "",
    "a%zz:b",
    "a:%",
    "a:%u0061",
    "a:%c0%af",
    "a:%00",
    "a\n:b",
    "a:\u007f",
  ]) {
    assert.deepEqual(basic(credentials), { kind: "malformed" }, JSON.stringify(credentials));
  }
});

test("base64 that is not exactly that of RFC 4648 section 4 is malformed [O-20]", () => {
  for (const encoded of [
    "YTpi=",
    "YTpiYw",
    "YTpiYw=",
    "YTpiYx==",
    "YTpiYw===",
    "YTpi YTpi",
    "YTp_",
    "Y!pi",
    "=",
    "====",
    "YTpi\n",
    "Y=pi",
    "////",
  ]) {
    assert.equal(parseBasic(`Basic ${encoded}`).kind, "malformed", encoded);
  }
  assert.equal(parseBasic("Basic YTpiYw==").kind, "basic");
});

test("a secret whose base64 has a plus or a slash is read as it was written [O-20]", () => {
  for (const clientSecret of ["~~~", "???", "~~~???", "~~~b", "b"]) {
    const header = base64(`a::${clientSecret}`);
    assert.deepEqual(parseBasic(`Basic ${header}`), { kind: "basic", clientId: "a", clientSecret: `:${clientSecret}` });
    const second = header.replaceAll("+", "-").replaceAll("/", "_");
    if (second !== header) assert.deepEqual(parseBasic(`Basic ${second}`), { kind: "malformed" });
  }
  assert.match(base64("a::~~~???"), /\+.*\//);
});

test("any header value gets an answer and never a throw", () => {
  const value = fc.oneof(
    anyText,
    fc.string().map((rest) => `Basic ${rest}`),
    fc.base64String().map((rest) => `Basic ${rest}`),
  );
  fc.assert(fc.property(value, (text) => void [parseBearer(text), parseBasic(text)]));
});
