import assert from "node:assert/strict";
import { test } from "node:test";
import { replyTo, requirementsOf } from "./reply.ts";
import { authenticationInsufficient, REJECTION_CODES, rejected, scopeMissing, unavailable } from "./verdict.ts";

const common = { "cache-control": "no-store", "content-type": "application/json" };

test("a refusal is its status, its challenge and its error, kept by nobody", () => {
  for (const code of REJECTION_CODES) {
    const { status, challenge, error } = rejected(code);
    const reply = replyTo(rejected(code));
    assert.deepEqual(reply.headers, { ...common, "www-authenticate": challenge });
    assert.deepEqual([reply.status, JSON.parse(reply.body)], [status, error === undefined ? {} : { error }], code);
  }
});

test("a foreign page is told so by name, and challenged for nothing [C-07]", () => {
  const { status, error, challenge } = rejected("cross_site_request");
  assert.deepEqual([status, error, challenge], [403, "cross_site_request", 'Bearer realm="protected"']);
});

test("where nobody can know the answer is 503 and when to come back, never 401", () => {
  assert.deepEqual(replyTo(unavailable("no_view")), {
    status: 503,
    headers: { ...common, "retry-after": "1" },
    body: '{"error":"temporarily_unavailable"}',
  });
});

test("a step-up names what is asked, and nothing that is not [STEP-5]", () => {
  assert.deepEqual(authenticationInsufficient(undefined, 60).stepUp, { maxAge: 60 });
  assert.deepEqual(authenticationInsufficient(["2"], undefined).stepUp, { acrValues: ["2"] });
  assert.equal(scopeMissing(["a", "b"]).challenge, 'Bearer error="insufficient_scope", scope="a b"');
});

test("a route asks what its options say, and can't be made of what no challenge could ask for", () => {
  const options = { scope: ["a"], claims: { acr: "2" }, acr: ["2"], maxAuthAge: 60, maxAgeMs: 2000 };
  assert.deepEqual(requirementsOf(options), {
    requireScope: ["a"],
    requireClaims: { acr: "2" },
    requireAcr: ["2"],
    maxAuthAge: 60,
    maxAgeMs: 2000,
  });
  assert.deepEqual(requirementsOf({}), {});
  for (const wrong of [{ scope: ['"'] }, { acr: ["a\nb"] }, { maxAuthAge: -1 }])
    assert.throws(() => requirementsOf(wrong), RangeError);
});
