import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64url, type Notice, parseAccessTokenClaims, type Taking } from "@hallpass/protocol";
import { Memory, type Remembered } from "./memory.ts";
import { platformCrypto } from "./platform-crypto.ts";
import { KeyMaker } from "./token-keys.ts";

const maker = new KeyMaker(platformCrypto(), new Uint8Array(16));
const jtiOf = (n: number): string => encodeBase64url(new Uint8Array(16).fill(n));

function remembered(n: number, acceptedAt = 2000): Remembered {
  const said = { iss: "i", sub: "u", aud: "a", client_id: "c", iat: 0, exp: 600, jti: jtiOf(n), pos: "1.5" };
  const claims = parseAccessTokenClaims(said);
  const keys = claims === undefined ? undefined : maker.keysOf(claims);
  assert.ok(claims !== undefined && keys !== undefined && !(keys instanceof Promise));
  return { claims, key: undefined, keys, clearAt: 0, acceptedAt, notedAt: 0, late: false };
}

const notice = (taking: Taking, at = 1000): Notice => ({ pos: { epoch: 1, seq: 6 }, at, until: 9000, taking });
const revoked = (n: number, at?: number): Notice => notice({ kind: "token", jti: jtiOf(n) }, at);

test("what is used stays, and what is not is forgotten with its generation", () => {
  const memory = new Memory(4);
  for (const n of [1, 2]) memory.keep(`t${n}`, remembered(n));
  memory.keep("t3", remembered(3));
  assert.equal(memory.find("t1")?.claims.jti, jtiOf(1), "of the older generation, and of the younger from now on");
  assert.equal(memory.size, 3);
  memory.keep("t4", remembered(4));
  memory.keep("t5", remembered(5));
  assert.equal(memory.find("t2"), undefined);
  assert.notEqual(memory.find("t1"), undefined);
});

test("the smallest memory holds one token in each generation", () => {
  for (const capacity of [0, 1, 2, 3]) {
    const memory = new Memory(capacity);
    for (const n of [1, 2, 3]) memory.keep(`t${n}`, remembered(n));
    assert.deepEqual([memory.size, memory.find("t1")], [2, undefined]);
    assert.notEqual(memory.find("t2"), undefined);
  }
});

test("a token that is dropped is in neither generation any more", () => {
  const memory = new Memory(2);
  memory.keep("old", remembered(1));
  memory.keep("young", remembered(2));
  memory.drop("old");
  memory.drop("young");
  assert.deepEqual([memory.size, memory.find("old"), memory.find("young")], [0, undefined, undefined]);
});

test("what was cleared is found no more, and no notice finds it", () => {
  const memory = new Memory(2);
  memory.keep("old", remembered(1));
  memory.keep("young", remembered(2));
  memory.clear();
  assert.deepEqual([memory.size, memory.find("old"), memory.find("young")], [0, undefined, undefined]);
  assert.equal(memory.countLate([revoked(1), revoked(2)], 0), 0);
});

test("late is what was accepted after the commit by the server's clock, not at it and not before", () => {
  for (const [acceptedAt, ahead, late] of [
    [1001, 0, 1],
    [1000, 0, 0],
    [999, 0, 0],
    [900, 101, 1],
    [900, 100, 0],
    [1100, -100, 0],
    [1101, -100, 1],
    [0, 5000, 0],
  ] as const) {
    const memory = new Memory(8);
    memory.keep("t", remembered(1, acceptedAt));
    assert.equal(memory.countLate([revoked(1)], ahead), late, `accepted at ${acceptedAt}, ahead by ${ahead}`);
    assert.equal(memory.countLate([revoked(1)], ahead), 0, "once");
  }
});

test("what takes a token's place answers for it: a late accept counts once, by whichever was accepted last", () => {
  for (const [before, after] of [
    [2000, 0],
    [2000, 500],
    [0, 2000],
    [500, 2000],
    [2000, 3000],
    [3000, 2000],
  ] as const) {
    const memory = new Memory(8);
    memory.keep("t", remembered(1, before));
    memory.keep("t", remembered(1, after));
    assert.equal(memory.size, 1);
    assert.equal(memory.countLate([revoked(1)], 0), 1, `${before}, then ${after}`);
  }
});

test("what takes the place of a token of the older generation answers for it, too", () => {
  const memory = new Memory(4);
  memory.keep("t", remembered(1, 2000));
  for (const n of [2, 3]) memory.keep(`t${n}`, remembered(n, 0));
  memory.keep("t", remembered(1, 0));
  assert.equal(memory.countLate([revoked(1)], 0), 1);
});

test("the same that is kept again stays what it is", () => {
  const memory = new Memory(8);
  const one = remembered(1, 2000);
  memory.keep("t", one);
  memory.keep("t", one);
  assert.deepEqual([one.late, memory.countLate([revoked(1)], 0), one.late], [false, 1, true]);
});
