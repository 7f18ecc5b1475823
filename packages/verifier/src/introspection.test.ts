import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAccessTokenClaims } from "@hallpass/protocol";
import { readIntrospection } from "./introspection.ts";

const said = {
  iss: "https://auth.example",
  sub: "u-81",
  aud: ["https://api.example", "https://files.example"],
  client_id: "web",
  iat: 1000,
  exp: 1600,
  jti: "order-81",
  sid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10",
};
const claims = parseAccessTokenClaims({ ...said, fam: "AAECAw", pos: "1.0" });

function read(answer: unknown): string {
  assert.ok(claims !== undefined);
  return readIntrospection(typeof answer === "string" ? answer : JSON.stringify(answer), claims);
}

test("an answer that says what the token says, or less, confirms it [AT-V8]", () => {
  assert.equal(read({ active: true }), "active");
  assert.equal(read({ ...said, active: true }), "active");
  assert.equal(read({ active: true, aud: said.aud.toReversed(), scope: "read" }), "active");
});

test("an answer that says anything else of the token is none [AT-V8]", () => {
  for (const [name, value] of Object.entries(said)) {
    const other = typeof value === "number" ? value + 1 : Array.isArray(value) ? [...value, "x"] : `${value}x`;
    assert.equal(read({ ...said, active: true, [name]: other }), "unreadable", name);
    assert.equal(read({ ...said, active: true, [name]: null }), "unreadable", name);
  }
  for (const aud of ["https://api.example", ["https://api.example"], ["https://api.example", "x"], [], ["x", "y"]])
    assert.equal(read({ active: true, aud }), "unreadable", JSON.stringify(aud));
});

test("no is no, whatever else is said", () => {
  assert.equal(read({ active: false }), "inactive");
  assert.equal(read({ ...said, sub: "other", active: false }), "inactive");
});

test("whatever is no object with a yes or a no in it is no answer [AT-V8]", () => {
  for (const answer of [
    "",
    "true",
    "[true]",
    "null",
    '"active"',
    {},
    { active: "true" },
    { active: 1 },
    { active: null },
  ])
    assert.equal(read(answer), "unreadable", JSON.stringify(answer));
  assert.equal(read(`{"active":true,"x":"${"y".repeat(65_536)}"}`), "unreadable", "too long");
  assert.equal(read(`{"active":true,"x":${"[".repeat(12)}${"]".repeat(12)}}`), "unreadable", "too deep");
  const many = Object.fromEntries(Array.from({ length: 512 }, (_, n) => [`m${n}`, n]));
  assert.equal(read({ active: true, ...many }), "unreadable", "too many members");
});

test("an audience that is one text is a list of it", () => {
  const sole = parseAccessTokenClaims({ ...said, aud: "https://api.example", fam: "AAECAw", pos: "1.0" });
  assert.ok(sole !== undefined);
  assert.equal(readIntrospection('{"active":true,"aud":"https://api.example"}', sole), "active");
  assert.equal(readIntrospection('{"active":true,"aud":["https://api.example"]}', sole), "active");
  assert.equal(readIntrospection('{"active":true,"aud":"https://files.example"}', sole), "unreadable");
});
