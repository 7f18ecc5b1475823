import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64url, type Notice, noticeMatches, parseAccessTokenClaims, type Taking } from "@hallpass/protocol";
import fc from "fast-check";
import { LateIndex } from "./late-index.ts";
import { Memory, type Remembered } from "./memory.ts";
import { platformCrypto } from "./platform-crypto.ts";
import { hashCode, KeyMaker } from "./token-keys.ts";

const salt = new Uint8Array(16).fill(5);
const crypto = platformCrypto();
const maker = new KeyMaker(crypto, salt);
const sidOf = (n: number): string => `019a9c3e-6f1a-7c41-9a52-${n.toString(16).padStart(12, "0")}`;
const codeOf = (n: number, length = 16): string =>
  encodeBase64url(Uint8Array.from({ length }, (_, index) => (n >>> index) & 255));
const hashed = (kind: "subject" | "client", value: string): string => {
  const hash = hashCode(crypto, salt, kind, value);
  assert.ok(typeof hash === "string");
  return hash;
};

function remembered(given: object): Remembered {
  const claims = parseAccessTokenClaims({
    iss: "i",
    sub: "u1",
    aud: "a",
    client_id: "c1",
    iat: 0,
    exp: 600,
    jti: codeOf(1),
    pos: "1.5",
    ...given,
  });
  const keys = claims === undefined ? undefined : maker.keysOf(claims);
  assert.ok(claims !== undefined && keys !== undefined && !(keys instanceof Promise));
  const key = { kid: "k", read: undefined, open: () => undefined };
  return { claims, key, keys, clearAt: 0, acceptedAt: 2000, notedAt: 0, late: false };
}

const notice = (taking: Taking, seq = 6): Notice => ({ pos: { epoch: 2, seq }, at: 1000, until: 9000, taking });

const takings: fc.Arbitrary<Taking> = fc.oneof(
  fc.record({ kind: fc.constantFrom("session" as const, "outdated" as const), sid: fc.nat(9).map(sidOf) }),
  fc.record({
    kind: fc.constant("family" as const),
    sid: fc.nat(9).map(sidOf),
    fam: fc.nat(2).map((n) => codeOf(n, 4)),
  }),
  fc.record({
    kind: fc.constant("token" as const),
    jti: fc.oneof(
      fc.nat(9).map((n) => codeOf(n)),
      fc.constant("odd"),
    ),
  }),
  fc.record({ kind: fc.constant("subject" as const), subject: fc.nat(3).map((n) => hashed("subject", `u${n}`)) }),
  fc.record({ kind: fc.constant("client" as const), client: fc.nat(3).map((n) => hashed("client", `c${n}`)) }),
  fc.record({ kind: fc.constant("tenant" as const) }),
  fc.record({ kind: fc.constant("epoch" as const) }),
);

const tokens = fc.record({
  sub: fc.nat(3).map((n) => `u${n}`),
  client_id: fc.nat(3).map((n) => `c${n}`),
  jti: fc.oneof(
    fc.nat(9).map((n) => codeOf(n)),
    fc.constant("odd"),
  ),
  sid: fc.nat(9).map(sidOf),
  fam: fc.nat(2).map((n) => codeOf(n, 4)),
  anc: fc.uniqueArray(fc.nat(9).map(sidOf), { maxLength: 3 }),
  act: fc.nat(3).map((n) => ({ sub: `u${n}` })),
});

test("for any tokens and any notice it finds what the rule of matching finds, each once", () => {
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 80 }), takings, (given, taking) => {
      const index = new LateIndex<Remembered>();
      const all = given.map(remembered);
      for (const one of [...all, ...all.slice(0, 3)]) index.add(one);
      const found = index.matching(notice(taking));
      assert.equal(new Set(found).size, found.length);
      assert.deepEqual(
        new Set(found),
        new Set(all.filter(({ keys }) => noticeMatches(notice(taking), keys.matchable))),
      );
    }),
  );
});

test("among many tokens each is found by its own notice, and no other with it", () => {
  const index = new LateIndex<Remembered>();
  const all = Array.from({ length: 120 }, (_, n) =>
    remembered({ jti: codeOf(n), sid: sidOf(n * 7919), fam: codeOf(1, 4), sub: `s${n}`, client_id: `k${n % 10}` }),
  );
  for (const [n, one] of all.entries()) {
    index.add(one);
    assert.deepEqual(index.matching(notice({ kind: "session", sid: sidOf(n * 7919) })), [one]);
  }
  assert.equal(index.size, 120);
  for (const n of [0, 1, 63, 118, 119]) {
    assert.deepEqual(index.matching(notice({ kind: "session", sid: sidOf(n * 7919) })), [all[n]]);
    assert.deepEqual(index.matching(notice({ kind: "subject", subject: hashed("subject", `s${n}`) })), [all[n]]);
    assert.equal(index.matching(notice({ kind: "client", client: hashed("client", `k${n % 10}`) })).length, 12);
  }
  assert.deepEqual(index.matching(notice({ kind: "session", sid: sidOf(1) })), []);
  assert.equal(index.matching(notice({ kind: "epoch" })).length, 120);
});

test("a notice about one token looks at that token alone, among however many", () => {
  const index = new LateIndex<Pick<Remembered, "keys">>();
  let looked = 0;
  for (let n = 0; n < 2000; n += 1) {
    const { keys } = remembered({ jti: codeOf(n), sid: sidOf(5000 + n), fam: codeOf(1, 4), sub: `s${n}` });
    index.add({
      get keys() {
        looked += 1;
        return keys;
      },
    });
  }
  looked = 0;
  for (let n = 0; n < 2000; n += 1)
    assert.equal(index.matching(notice({ kind: "session", sid: sidOf(5000 + n) })).length, 1);
  assert.equal(looked, 2000);
});

test("a token that was late counts once, also when it moved from the older generation to the younger", () => {
  const memory = new Memory(8);
  memory.keep("a", remembered({ jti: codeOf(77) }));
  for (let n = 0; n < 4; n += 1) memory.keep(`b${n}`, remembered({ jti: codeOf(100 + n) }));
  assert.notEqual(memory.find("a"), undefined);
  assert.equal(memory.size, 5);
  assert.equal(memory.countLate([notice({ kind: "token", jti: codeOf(77) })], 0), 1);
  assert.equal(memory.countLate([notice({ kind: "token", jti: codeOf(77) })], 0), 0);
  assert.equal(memory.countLate([notice({ kind: "epoch" })], 0), 4);
});
