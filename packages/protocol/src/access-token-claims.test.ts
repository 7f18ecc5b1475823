import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { MAX_ANCESTORS, newReadLists, parseAccessTokenClaims, RESERVED_CLAIMS } from "./access-token-claims.ts";
import { parseCompactJws } from "./compact-jws.ts";
import type { JsonObject, JsonValue } from "./strict-json.ts";

interface Vectors {
  readonly cases: readonly {
    readonly name: string;
    readonly rule: string;
    readonly token: string;
    readonly answer: string;
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/access-token.json", import.meta.url), "utf8"),
) as Vectors;
const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
const good: JsonObject = {
  iss: "https://auth.example",
  sub: "u-81",
  aud: "https://api.example",
  client_id: "web",
  scope: "read write",
  iat: 1_764_000_000,
  exp: 1_764_000_600,
  jti: "4pJ0mB2nQm6cG0q3f1x0Aw",
  sid: SID,
  fam: "AAECAw",
  pos: "1.42",
};

function parsed(changes: Readonly<Record<string, JsonValue | undefined>>) {
  const payload = Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined);
  return parseAccessTokenClaims(Object.fromEntries(payload) as JsonObject);
}

function read(token: string): boolean {
  const jws = parseCompactJws(token);
  return jws.ok && parseAccessTokenClaims(jws.payload) !== undefined;
}

describe("the tokens of the vectors", () => {
  for (const { name, rule, token } of vectors.cases.filter((one) => one.answer === "accepted")) {
    it(`are read: ${name} [AT-2] [AT-3] [AT-5] [AT-8] [AT-11]`, () => assert.equal(read(token), true, rule));
  }
  const shapes = new Set(["AT-V1", "AT-2", "AT-3", "AT-5", "AT-11"]);
  for (const { name, rule, token } of vectors.cases.filter(
    (one) => one.answer === "rejected" && shapes.has(one.rule),
  )) {
    // No kid and no type are for the verifier to miss: other tokens of ours have neither.
    if (name === "no kid" || name === "no type") continue;
    it(`are refused before any signature is looked at: ${name} [AT-V1] [JAT-11]`, () =>
      assert.equal(read(token), false, rule));
  }
});

describe("the claims of an access token", () => {
  it("are read once, with what is absent as absent", () => {
    const claims = parsed({});
    assert.deepEqual(claims, {
      iss: "https://auth.example",
      sub: "u-81",
      aud: ["https://api.example"],
      clientId: "web",
      scope: ["read", "write"],
      iat: 1_764_000_000,
      exp: 1_764_000_600,
      nbf: undefined,
      jti: "4pJ0mB2nQm6cG0q3f1x0Aw",
      pos: { epoch: 1, seq: 42 },
      sid: SID,
      fam: "AAECAw",
      anc: [],
      authTime: undefined,
      acr: undefined,
      amr: [],
      cnf: undefined,
      act: undefined,
      all: good,
    });
  });

  for (const name of ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "pos"]) {
    it(`are refused without ${name}, and with null for it [AT-2] [JAT-3]`, () => {
      assert.equal(parsed({ [name]: undefined }), undefined);
      assert.equal(parsed({ [name]: null }), undefined);
    });
  }

  it("are read at the bounds of their lengths and of time [AT-2]", () => {
    for (const [name, value] of [
      ["sub", "x".repeat(255)],
      ["client_id", "x".repeat(255)],
      ["iss", "x".repeat(512)],
      ["jti", "x".repeat(128)],
      ["aud", "x".repeat(512)],
      ["iat", 0],
      ["exp", 0],
      ["nbf", 0],
    ] as const)
      assert.notEqual(parsed({ [name]: value }), undefined, name);
  });

  const wrong: readonly [name: string, values: readonly JsonValue[]][] = [
    ["sub", ["", 1, {}, [], "x".repeat(256), "a\0b"]],
    ["client_id", ["", 1, {}, ["web"], "x".repeat(256), "a\0b"]],
    ["iss", ["", 1, "x".repeat(513)]],
    ["jti", ["", 1, "x".repeat(129)]],
    [
      "aud",
      [
        "",
        1,
        [],
        [1],
        [[]],
        ["a", "a"],
        [""],
        { a: 1 },
        Array.from({ length: 11 }, (_, index) => `a${index}`),
        "x".repeat(513),
      ],
    ],
    ["iat", ["1", 1.5, -1, 1e300, [], true]],
    ["exp", ["1", 1.5, -1, 2 ** 53, {}, false]],
    ["nbf", ["1", 1.5, -1, null]],
    ["auth_time", ["1", 1.5, null]],
    ["pos", [1, "1", "1.042", "1.42.1", ""]],
    ["scope", ["", " ", "a  b", " a", "a ", "a\tb", "a a", 'a"b', ["a"], 1, null, "x".repeat(1025)]],
    ["sid", ["", SID.toUpperCase(), 1, null, `${SID} `]],
    ["fam", ["", "AAEC", "AAECAx", "AAECAwA", 1, null]],
    ["anc", [SID, [1], ["x"], [SID, SID], {}, null]],
    ["acr", ["", 1, null]],
    ["amr", ["pwd", [1], [""], ["a", "a"], null]],
    ["cnf", ["x", [], null, 1]],
    ["act", ["x", [], {}, { sub: "" }, { sub: 1 }, { sub: "a", act: {} }, null]],
  ];
  for (const [name, values] of wrong) {
    it(`are refused with ${values.length} wrong kinds of ${name} [AT-V5] [J-29] [J-30] [J-31]`, () => {
      for (const value of values)
        assert.equal(parsed({ [name]: value }), undefined, JSON.stringify(value).slice(0, 60));
    });
  }

  it("are the same with and without lists that were read before, however many there were", () => {
    const lists = newReadLists();
    for (let n = 0; n < 300; n += 1) {
      for (const scope of [`a${n % 100} b`, "", "a  b", "a a", undefined]) {
        for (const aud of [`https://api${n % 100}.example`, [`x${n}`, "y"], "", []]) {
          const payload = { ...good, scope, aud } as JsonObject;
          assert.deepEqual(parseAccessTokenClaims(payload, lists), parseAccessTokenClaims(payload));
        }
      }
    }
    assert.ok(lists.scopes.size <= 64 && lists.audiences.size <= 64);
  });

  it("have session and family together or not at all [AT-3]", () => {
    assert.equal(parsed({ sid: undefined }), undefined);
    assert.equal(parsed({ fam: undefined }), undefined);
    assert.notEqual(parsed({ sid: undefined, fam: undefined }), undefined);
  });

  it("have eight ancestors at most [AT-5]", () => {
    const line = Array.from({ length: MAX_ANCESTORS + 1 }, (_, index) => `${SID.slice(0, -1)}${index}`);
    assert.deepEqual(parsed({ anc: line.slice(1) })?.anc, line.slice(1));
    assert.equal(parsed({ anc: line }), undefined);
  });

  it("have actors to a depth of five", () => {
    const nested = (depth: number): JsonObject => (depth === 1 ? { sub: "a" } : { sub: "a", act: nested(depth - 1) });
    assert.notEqual(parsed({ act: nested(5) }), undefined);
    assert.equal(parsed({ act: nested(6) }), undefined);
  });

  it("that a session adds never have a name that means something already [AT-9]", () => {
    const names =
      "iss sub aud exp nbf iat jti client_id scope sid fam pos anc auth_time acr amr azp nonce cnf act may_act events status tenant";
    assert.deepEqual([...RESERVED_CLAIMS].toSorted(), names.split(" ").toSorted());
  });
});
