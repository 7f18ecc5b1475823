import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FormLimits, parseForm } from "./form.ts";

const LIMITS: FormLimits = { maxLength: 1000, maxParameters: 5, repeatable: ["resource", "audience"] };

const parse = (body: string, limits = LIMITS) => parseForm(new TextEncoder().encode(body), limits);
const codeOf = (body: string, limits = LIMITS) => {
  const parsed = parse(body, limits);
  return parsed.ok ? "ok" : parsed.code;
};
function formOf(body: string) {
  const parsed = parse(body);
  assert.ok(parsed.ok);
  return parsed.form;
}

test("names and values are read once decoded", () => {
  const form = formOf("grant_type=refresh_token&scope=a+b%20c&%63lient_id=x%3Dy=z");
  assert.deepEqual(form.names(), ["grant_type", "scope", "client_id"]);
  assert.equal(form.get("scope"), "a b c");
  assert.equal(form.get("client_id"), "x=y=z");
  assert.equal(form.size, 3);
  assert.equal(form.get("code"), undefined);
  assert.deepEqual(form.getAll("code"), []);
});

test("any parameters come back from what URLSearchParams writes", () => {
  const name = fc.string({ unit: fc.constantFrom(...Array.from("abcXYZ019._-")), minLength: 1 });
  const value = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 5 }), (pairs) => {
      const parsed = parse(new URLSearchParams(pairs).toString(), { maxLength: 100_000, maxParameters: 5 });
      assert.ok(parsed.ok);
      assert.deepEqual(
        parsed.form.names().map((key) => [key, parsed.form.get(key)]),
        pairs,
      );
    }),
  );
});

test("any bytes get an answer and never a throw", () => {
  fc.assert(fc.property(fc.uint8Array(), (body) => void parseForm(body, LIMITS)));
});

test("an empty body is a form without parameters", () => {
  assert.equal(formOf("").size, 0);
});

test("a parameter without a value is as absent as one never sent", () => {
  const form = formOf("scope=&state&code=x");
  assert.equal(form.has("scope"), false);
  assert.equal(form.get("state"), undefined);
  assert.deepEqual(form.names(), ["code"]);
});

test("a parameter that stands twice is refused, even when one has no value, and however it is spelled [O-43]", () => {
  for (const body of ["a=1&a=2", "a=1&a=1", "a=&a=1", "a=1&a", "a=1&%61=2", "__proto__=1&__proto__=2"]) {
    assert.equal(codeOf(body), "duplicate_parameter", body);
  }
  assert.equal(codeOf("a=1&A=2"), "ok");
});

test("a parameter that may be repeated keeps all its values in order", () => {
  const form = formOf("resource=https%3A%2F%2Fa&resource=&resource=https%3A%2F%2Fb");
  assert.deepEqual(form.getAll("resource"), ["https://a", "https://b"]);
  assert.equal(form.get("resource"), "https://a");
  assert.equal(form.size, 1);
  const beside = formOf("state=x&resource=a&code=y&resource=b");
  assert.deepEqual([beside.getAll("resource"), beside.getAll("code"), beside.getAll("none")], [["a", "b"], ["y"], []]);
});

test("bad escapes, overlong UTF-8 and control characters are refused in names and values [O-43]", () => {
  for (const bad of ["%zz", "%u0061", "%c0%af", "%00", "%ff", "%0a", "x%"]) {
    assert.equal(codeOf(`a=${bad}`), "form_malformed", bad);
    assert.equal(codeOf(`${bad}=a`), "form_malformed", bad);
    assert.equal(codeOf(`grant_type=refresh_token${bad}`), "form_malformed", bad);
  }
});

test("a name that no RFC could have registered is refused [O-43]", () => {
  for (const body of ["=1", "=", "a=1&amp;b=2", "a[]=1", "a b=1", "a+b=1", "%C3%A4=1", "a;b=1", "{}=1"]) {
    assert.equal(codeOf(body), "form_malformed", body);
  }
});

test("an empty pair is refused wherever it stands [O-43]", () => {
  for (const body of ["&", "&a=1", "a=1&", "a=1&&b=2"]) assert.equal(codeOf(body), "form_malformed", body);
});

test("names that objects inherit are plain names [O-43]", () => {
  const form = formOf("__proto__=x&constructor=y");
  assert.equal(form.get("__proto__"), "x");
  assert.equal(form.get("toString"), undefined);
  assert.equal("x" in {}, false);
});

test("length and count hold at, before and after their boundaries", () => {
  const limits = { maxLength: 10, maxParameters: 2 };
  const ofLength = (length: number) => codeOf(`a=${"x".repeat(length - 2)}`, limits);
  assert.deepEqual([ofLength(9), ofLength(10), ofLength(11)], ["ok", "ok", "form_too_large"]);
  assert.deepEqual(
    [codeOf("a=1", limits), codeOf("a=1&b=2", limits), codeOf("a&b&c", limits)],
    ["ok", "ok", "form_too_large"],
  );
});
