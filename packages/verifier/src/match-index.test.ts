import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64url, type Notice, noticeMatches, parseAccessTokenClaims, type Taking } from "@hallpass/protocol";
import fc from "fast-check";
import { MatchIndex } from "./match-index.ts";
import { platformCrypto } from "./platform-crypto.ts";
import { hashCode, KeyMaker, type TokenKeys } from "./token-keys.ts";

const salt = new Uint8Array(16).fill(3);
const crypto = platformCrypto();
const maker = new KeyMaker(crypto, salt);
const sidOf = (n: number): string => `019a9c3e-6f1a-7c41-9a52-${n.toString(16).padStart(12, "0")}`;
const codeOf = (n: number): string => encodeBase64url(new Uint8Array(16).fill(n));
const hashed = (kind: "subject" | "client", value: string): string => {
  const hash = hashCode(crypto, salt, kind, value);
  assert.ok(typeof hash === "string");
  return hash;
};
const notice = (taking: Taking): Notice => ({ pos: { epoch: 2, seq: 6 }, at: 1000, until: 9000, taking });

interface Item {
  readonly name: number;
  readonly keys: TokenKeys;
}

function item(name: number, given: object): Item {
  const times = { iat: 0, exp: 600, pos: "1.5" };
  const claims = parseAccessTokenClaims({ iss: "i", sub: "u1", aud: "a", client_id: "c1", ...times, ...given });
  const keys = claims === undefined ? undefined : maker.keysOf(claims);
  assert.ok(keys !== undefined && !(keys instanceof Promise));
  return { name, keys };
}

test("all items of a subject are found, however many they are and whichever of them are removed", () => {
  const index = new MatchIndex<Item>();
  const items = [1, 2, 3, 4].map((name) => item(name, { jti: codeOf(name), sub: "u7" }));
  const [one, two, three] = items;
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  const found = (): readonly number[] =>
    index.matching(notice({ kind: "subject", subject: hashed("subject", "u7") })).map(({ name }) => name);
  for (const each of items) index.add(each);
  assert.deepEqual(found(), [1, 2, 3, 4]);
  index.remove(two);
  assert.deepEqual(found(), [1, 3, 4]);
  index.remove(one);
  index.remove(one);
  index.remove(three);
  assert.deepEqual([found(), index.size, index.has(one)], [[4], 1, false]);
});

test("a notice about a session, a token or a subject looks at what it may match, however many others there are", () => {
  const index = new MatchIndex<Item>();
  let looked = 0;
  for (let n = 0; n < 1000; n += 1) {
    const { name, keys } = item(n, {
      jti: encodeBase64url(Uint8Array.of(...idBytes(n))),
      sid: sidOf(n),
      fam: "AAECBA",
      sub: `s${n}`,
    });
    index.add({
      name,
      get keys() {
        looked += 1;
        return keys;
      },
    });
  }
  const lookedFor = (taking: Taking): readonly [found: number, looked: number] => {
    looked = 0;
    const found = index.matching(notice(taking)).length;
    return [found, looked];
  };
  for (const taking of [
    { kind: "session", sid: sidOf(7) },
    { kind: "outdated", sid: sidOf(7) },
    { kind: "family", sid: sidOf(7), fam: "AAECAw" },
    { kind: "token", jti: encodeBase64url(Uint8Array.of(...idBytes(7))) },
    { kind: "subject", subject: hashed("subject", "s7") },
  ] satisfies Taking[]) {
    const [found, looks] = lookedFor(taking);
    assert.equal(found, taking.kind === "family" ? 0 : 1, taking.kind);
    assert.ok(looks <= 20, `${taking.kind}: ${looks} were looked at`);
  }
  assert.deepEqual(lookedFor({ kind: "client", client: hashed("client", "c1") }), [1000, 1000]);
});

function idBytes(n: number): readonly number[] {
  return Array.from({ length: 16 }, (_, place) => (n >>> (place * 3)) & 255);
}

const given = fc.record({
  jti: fc.oneof(fc.nat(5).map(codeOf), fc.constant("odd")),
  sub: fc.constantFrom("u1", "u2"),
  client_id: fc.constantFrom("c1", "c2"),
  sid: fc.nat(3).map(sidOf),
  fam: fc.constantFrom("AAECAw", "AAECBA"),
  anc: fc.uniqueArray(fc.nat(3).map(sidOf), { maxLength: 2 }),
});
const takings: readonly Taking[] = [
  ...[0, 1, 2, 3].flatMap((n): Taking[] => [
    { kind: "session", sid: sidOf(n) },
    { kind: "outdated", sid: sidOf(n) },
    { kind: "family", sid: sidOf(n), fam: "AAECAw" },
  ]),
  ...[codeOf(0), codeOf(1), "odd"].map((jti): Taking => ({ kind: "token", jti })),
  { kind: "subject", subject: hashed("subject", "u1") },
  { kind: "subject", subject: hashed("subject", "u2") },
  { kind: "client", client: hashed("client", "c1") },
  { kind: "tenant" },
  { kind: "epoch" },
];

test("what is found by buckets is what a look at everything finds, after any order of coming and going [NOT-1]", () => {
  const step = fc.record({ of: fc.nat(7), goes: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(given, { minLength: 8, maxLength: 8 }),
      fc.array(step, { maxLength: 20 }),
      (claimed, steps) => {
        const items = claimed.map((claims, name) => item(name, claims));
        const index = new MatchIndex<Item>();
        const plain = new Set<Item>();
        for (const { of, goes } of steps) {
          const one = items[of];
          assert.ok(one !== undefined);
          if (goes) index.remove(one);
          else index.add(one);
          if (goes) plain.delete(one);
          else plain.add(one);
        }
        assert.equal(index.size, plain.size);
        for (const each of takings.map(notice)) {
          const found = new Set(index.matching(each));
          const all = [...plain].filter(({ keys }) => noticeMatches(each, keys.matchable));
          assert.deepEqual(found, new Set(all));
        }
      },
    ),
    { numRuns: 60 },
  );
});
