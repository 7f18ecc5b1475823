import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatScope, MAX_SCOPE_LENGTH, MAX_SCOPE_TOKENS, parseScope, scopeIsSubset } from "./scope.ts";

const token = fc.string({ unit: fc.constantFrom(...Array.from("!#$abcXYZ019:/.[]^_~")), minLength: 1, maxLength: 15 });

test("any set of tokens comes back in its order", () => {
  fc.assert(
    fc.property(fc.uniqueArray(token, { minLength: 1, maxLength: 60 }), (tokens) => {
      assert.deepEqual(parseScope(formatScope(tokens)), tokens);
    }),
  );
});

test("an accepted text is the one its tokens are written as", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('aab  "\\\t\u0000é')) }), (text) => {
      const tokens = parseScope(text);
      if (tokens !== undefined) assert.equal(formatScope(tokens), text);
    }),
  );
});

test("double, leading and trailing spaces, tabs and the empty text are refused [J-31]", () => {
  for (const text of ["", " ", "a  b", " a", "a ", "a\tb", "a\nb"])
    assert.equal(parseScope(text), undefined, JSON.stringify(text));
});

test("a token that stands twice is refused [J-31]", () => {
  assert.equal(parseScope("a b a"), undefined);
  assert.deepEqual(parseScope("a A"), ["a", "A"]);
  fc.assert(
    fc.property(fc.uniqueArray(token, { minLength: 1, maxLength: 20 }), fc.nat(), fc.nat(), (tokens, which, where) => {
      const again = tokens[which % tokens.length] ?? "";
      assert.equal(parseScope(tokens.toSpliced(where % (tokens.length + 1), 0, again).join(" ")), undefined);
    }),
  );
});

test("every character outside the grammar is refused, and every one inside it taken [O-26]", () => {
  for (let code = 0; code < 0x180; code += 1) {
    const allowed = (code === 0x21 || (code >= 0x23 && code <= 0x7e)) && code !== 0x5c;
    assert.equal(parseScope(`a${String.fromCharCode(code)}`) !== undefined, allowed, `character ${code}`);
  }
  for (const text of ['a"b', "openid\u0000admin", "a\\b"]) assert.equal(parseScope(text), undefined);
});

test("length and count hold at, before and after their boundaries [O-26]", () => {
  const ofLength = (length: number) => parseScope("x".repeat(length)) !== undefined;
  assert.deepEqual([MAX_SCOPE_LENGTH - 1, MAX_SCOPE_LENGTH, MAX_SCOPE_LENGTH + 1].map(ofLength), [true, true, false]);
  const ofCount = (count: number) =>
    parseScope(Array.from({ length: count }, (_, index) => `s${index}`).join(" ")) !== undefined;
  assert.deepEqual([MAX_SCOPE_TOKENS - 1, MAX_SCOPE_TOKENS, MAX_SCOPE_TOKENS + 1, 100_000].map(ofCount), [
    true,
    true,
    false,
    false,
  ]);
});

test("a scope is within another when none of its tokens is missing there", () => {
  assert.equal(scopeIsSubset(["b", "a"], ["a", "b"]), true);
  assert.equal(scopeIsSubset(["a"], ["a", "b"]), true);
  assert.equal(scopeIsSubset([], ["a"]), true);
  assert.equal(scopeIsSubset(["a", "c"], ["a", "b"]), false);
  assert.equal(scopeIsSubset(["A"], ["a"]), false);
  assert.equal(scopeIsSubset(["a"], []), false);
});
