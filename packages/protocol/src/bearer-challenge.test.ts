import assert from "node:assert/strict";
import { test } from "node:test";
import { bearerChallenge } from "./bearer-challenge.ts";

test("a request without credentials is told where to look and of no error", () => {
  assert.equal(
    bearerChallenge({ resourceMetadata: "https://rs.test/.well-known/oauth-protected-resource" }),
    'Bearer resource_metadata="https://rs.test/.well-known/oauth-protected-resource"',
  );
});

test("an error is named first, with its description after it", () => {
  assert.equal(
    bearerChallenge({ realm: "api", error: "invalid_token", errorDescription: "The token is not valid here." }),
    'Bearer realm="api", error="invalid_token", error_description="The token is not valid here."',
  );
});

test("a description without an error is not written", () => {
  assert.equal(bearerChallenge({ realm: "api", errorDescription: "why" }), 'Bearer realm="api"');
});

test("a missing scope names the scopes that would do", () => {
  assert.equal(
    bearerChallenge({ error: "insufficient_scope", scope: ["orders:read", "orders:write"] }),
    'Bearer error="insufficient_scope", scope="orders:read orders:write"',
  );
});

test("a step-up names the assurance and the age that would do", () => {
  assert.equal(
    bearerChallenge({ error: "insufficient_user_authentication", acrValues: ["phrh", "phr"], maxAge: 0 }),
    'Bearer error="insufficient_user_authentication", acr_values="phrh phr", max_age="0"',
  );
});

test("at least one parameter follows the scheme", () => {
  assert.equal(bearerChallenge({}), 'Bearer realm="protected"');
});

test("no value can leave its quotes: a character that needs an escape throws", () => {
  for (const bad of ['a"b', "a\\b", "a\nb", "a\r\nSet-Cookie: x", "a\u0000", "ä", "a\u007f", ""]) {
    assert.throws(() => bearerChallenge({ realm: bad }), RangeError);
    assert.throws(() => bearerChallenge({ error: "invalid_token", errorDescription: bad }), RangeError);
    assert.throws(() => bearerChallenge({ scope: ["a", bad] }), RangeError);
    assert.throws(() => bearerChallenge({ acrValues: [bad] }), RangeError);
    assert.throws(() => bearerChallenge({ resourceMetadata: bad }), RangeError);
  }
});

test("a space within one scope, one acr value or the metadata address throws, and so does an empty list", () => {
  assert.throws(() => bearerChallenge({ scope: ["a b"] }), RangeError);
  assert.throws(() => bearerChallenge({ acrValues: ["a b"] }), RangeError);
  assert.throws(() => bearerChallenge({ resourceMetadata: "https://rs.test/ x" }), RangeError);
  assert.throws(() => bearerChallenge({ scope: [] }), RangeError);
});

test("an age is whole seconds and not negative", () => {
  for (const maxAge of [-1, 1.5, Number.NaN, Infinity]) assert.throws(() => bearerChallenge({ maxAge }), RangeError);
});
