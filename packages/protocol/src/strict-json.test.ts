import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isJsonObject, type JsonLimits, parseStrictJson, parseStrictJsonBytes } from "./strict-json.ts";

const anyText = fc.uint16Array().map((units) => String.fromCharCode(...units));
const LIMITS: JsonLimits = { maxLength: 4096, maxDepth: 8, maxMembers: 64 };
const WIDE: JsonLimits = { maxLength: 10_000_000, maxDepth: 100, maxMembers: 100_000 };

const codeOf = (text: string, limits = LIMITS) => {
  const parsed = parseStrictJson(text, limits);
  return parsed.ok ? "ok" : parsed.code;
};
const utf8 = (text: string) => new TextEncoder().encode(text);

test("any text that is accepted means what JSON.parse says it means [J-37]", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      const parsed = parseStrictJson(text, WIDE);
      if (parsed.ok) assert.deepEqual(parsed.value, JSON.parse(text));
    }),
  );
});

test("any value without odd names and odd strings is accepted as JSON.stringify writes it", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: "grapheme" }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("any"), { maxLength: 5 }),
    object: fc.dictionary(
      fc.string({ unit: "grapheme" }).filter((name) => !(name in {})),
      tie("any"),
      { maxKeys: 5, noNullPrototype: true },
    ),
  })).any;
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 2), (written, indent) => {
      assert.deepEqual(parseStrictJson(JSON.stringify(written, null, indent), WIDE), { ok: true, value: written });
    }),
  );
});

test("any text at all gets an answer and never a throw", () => {
  const nearlyJson = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\u0d8ae1 \n-\ufeff')), maxLength: 40 });
  fc.assert(fc.property(fc.oneof(nearlyJson, anyText), (text) => void codeOf(text)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseStrictJsonBytes(bytes, LIMITS)));
});

test("a member name that stands twice is refused at any level and in any spelling [J-37]", () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"\\u0061":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"/":1,"\\/":2}',
    '{"":1,"":2}',
    '{"1":1,"1":2}',
    '{"a":{"b":1,"b":2}}',
    '[0,{"c":[{"b":1,"b":2}]}]',
    '{"a":{"b":1,"c":2},"a":{"b":1,"c":2}}',
    '{"a":{},"a":[]}',
  ]) {
    assert.equal(codeOf(text), "json_duplicate_member", text);
  }
});

test("any text is judged alike whether or not an escape stands beside it", () => {
  const member = fc.constantFrom('"a":1', '"b":":{"', '"a":{"c":[]}', '"d":"}"', '"__proto__":1', '"e":1e999');
  const object = fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(",")}}`);
  fc.assert(
    fc.property(fc.oneof(object, fc.json({ maxDepth: 4 })), fc.nat(8), fc.nat(8), (text, maxDepth, maxMembers) => {
      const limits = { maxLength: 100_000, maxDepth, maxMembers };
      const plain = parseStrictJson(`[${text},"n"]`, limits);
      const escaped = parseStrictJson(`[${text},"\\u006e"]`, limits);
      assert.deepEqual(escaped, plain);
    }),
  );
});

test("one name in two objects, and a name that only looks like syntax, is no duplicate", () => {
  for (const text of [
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a:":":","\\":":1,"{":"}"}',
    '{"a":"\\\\","b":"\\"a\\":1"}',
    '{"a":1,"A":2,"\\u00e4":3}',
  ]) {
    assert.equal(codeOf(text), "ok", text);
  }
});

test("a lone surrogate is refused, literal or escaped, in a name or a value [J-40]", () => {
  for (const text of [
    '"\ud800"',
    '"\\ud800"',
    '"\\uDC00"',
    '["\\ud800\\u0061"]',
    '{"\\udfff":1}',
    '{"a":"\\udc00\\ud800"}',
    '"\\ud83d\ude00"',
    '"\ud83d\\ude00"',
  ]) {
    assert.equal(codeOf(text), "json_bad_string", text);
  }
  assert.deepEqual(parseStrictJson('["\\ud83d\\ude00","😀"]', LIMITS), { ok: true, value: ["😀", "😀"] });
});

test("a byte order mark and bytes that are not UTF-8 are refused [J-40]", () => {
  assert.equal(codeOf('\ufeff{"a":1}'), "json_malformed");
  for (const bytes of [
    Uint8Array.of(0xef, 0xbb, 0xbf, ...utf8("{}")),
    Uint8Array.of(...utf8('"'), 0xff, ...utf8('"')),
    Uint8Array.of(...utf8('"'), 0xc0, 0xaf, ...utf8('"')),
    Uint8Array.of(...utf8('"'), 0xed, 0xa0, 0x80, ...utf8('"')),
    Uint8Array.of(...utf8('"'), 0xe2, 0x82),
  ]) {
    assert.deepEqual(parseStrictJsonBytes(bytes, LIMITS), { ok: false, code: "json_malformed" });
  }
  assert.deepEqual(parseStrictJsonBytes(utf8('{"a":"ü€😀"}'), LIMITS), { ok: true, value: { a: "ü€😀" } });
});

test("a name that every object inherits is refused, and no prototype changes [J-42]", () => {
  for (const name of ["__proto__", "constructor", "toString", "\\u005f_proto__", "valueOf"]) {
    assert.equal(codeOf(`{"${name}":{"polluted":true}}`), "json_bad_string", name);
    assert.equal(codeOf(`[{"a":{"${name}":1}}]`), "json_bad_string", name);
  }
  assert.equal("polluted" in {}, false);
  const inherited = Object.getOwnPropertyNames(Object.prototype);
  for (const name of inherited) assert.equal(codeOf(`{"${name}":1}`), "json_bad_string", name);
});

test("a number that readers with doubles and with integers read apart is refused where that is asked", () => {
  const exact = { ...LIMITS, onlyExactNumbers: true };
  for (const text of ["9007199254740992", "-9007199254740992", '{"a":[9007199254740993]}', "1e16", "1e300"]) {
    assert.deepEqual(parseStrictJson(text, exact), { ok: false, code: "json_malformed" }, text);
    assert.equal(codeOf(text), "ok", text);
  }
  for (const text of ["9007199254740991", "-9007199254740991", '{"a":[9007199254740990.5]}', "1.5", "1e3"])
    assert.equal(parseStrictJson(text, exact).ok, true, text);
});

test("a number too large for a double is refused instead of read as Infinity", () => {
  for (const text of ["1e999", "-1e999", '{"exp":1e400}', "[[1e309]]"])
    assert.equal(codeOf(text), "json_malformed", text);
  assert.equal(codeOf("1e308"), "ok");
});

test("what is not JSON is malformed", () => {
  for (const text of [
    "",
    " ",
    "{",
    "}",
    "]",
    '{"a":1',
    '{"a":1}}',
    "{a:1}",
    "{'a':1}",
    '{"a":1,}',
    "[1,]",
    "NaN",
    "01",
    "1 2",
    '"\n"',
    '"\\x41"',
    '"',
    '"\\',
    "// no\n1",
    '{"a"::1}',
  ]) {
    assert.equal(codeOf(text), "json_malformed", text);
  }
});

test("depth is allowed up to the limit and refused one beyond it [J-42]", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(codeOf(nested(7)), "ok");
  assert.equal(codeOf(nested(8)), "ok");
  assert.equal(codeOf(nested(9)), "json_too_deep");
  assert.equal(codeOf('{"a":'.repeat(9) + "1" + "}".repeat(9)), "json_too_deep");
  assert.equal(codeOf("[[[]],[[]],[[[[[[[]]]]]]]]"), "ok");
  assert.equal(codeOf("1", { ...LIMITS, maxDepth: 0 }), "ok");
  assert.equal(codeOf("{}", { ...LIMITS, maxDepth: 0 }), "json_too_deep");
});

test("length is allowed up to the limit and refused one beyond it, in characters or bytes [J-41]", () => {
  const limits = { ...LIMITS, maxLength: 6 };
  assert.equal(codeOf('"abc"', limits), "ok");
  assert.equal(codeOf('"abcd"', limits), "ok");
  assert.equal(codeOf('"abcde"', limits), "json_too_large");
  assert.equal(parseStrictJsonBytes(utf8('"üü"'), limits).ok, true);
  assert.deepEqual(parseStrictJsonBytes(utf8('"üüa"'), limits), { ok: false, code: "json_too_large" });
});

test("members are allowed up to the limit and refused one beyond it, over all levels [J-42]", () => {
  const limits = { ...LIMITS, maxMembers: 3 };
  assert.equal(codeOf('{"a":1,"b":2}', limits), "ok");
  assert.equal(codeOf('{"a":1,"b":{"c":3}}', limits), "ok");
  assert.equal(codeOf('[{"a":1,"b":{"c":3}},{"d":4}]', limits), "json_too_large");
});

test("a hundred thousand names and ten thousand levels are refused before JSON.parse sees them [J-42]", () => {
  const names = `{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":0`).join(",")}}`;
  assert.equal(codeOf(names, { ...WIDE, maxMembers: 64 }), "json_too_large");
  assert.equal(codeOf("[".repeat(10_000), WIDE), "json_too_deep");
  // Malformed from the first character on: only a scan that comes first can call them too large.
  assert.equal(codeOf(`x${names}`, { ...WIDE, maxMembers: 64 }), "json_too_large");
  assert.equal(codeOf(`x${"[".repeat(10_000)}`, WIDE), "json_too_deep");
});

test("an array, null and a string are no objects", () => {
  assert.deepEqual([{}, { a: 1 }, [], null, "{}", 1].map(isJsonObject), [true, true, false, false, false, false]);
});
