import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../kernel/fault.ts";
import { at, fixedDice, TENANT } from "../testing/builders.ts";
import { keyEncryptionKey, seal, sealedFor } from "./envelope.ts";
import { keksOf, kidsOf } from "./keks-of.ts";
import type { Ring } from "./key-sets.ts";
import { keySetOf, keySetWith, withKeySet } from "./key-sets.ts";
import { ringToRow } from "./ring-row.ts";

const dice = fixedDice("keks");
const [first, second, third, fourth] = Array.from({ length: 4 }, () => keyEncryptionKey(dice.bytes(32)));
const under = (kek = first): string => {
  if (kek === undefined) throw new Error("there are four");
  return seal(kek, dice.bytes(32), sealedFor(TENANT, "mac", 1), dice.bytes(12));
};
const NOW = at(0);
const times = { publishedAt: NOW, activatedAt: NOW };

const aSet = (prefix: string, retiringUnder = first): Ring["signing"] => ({
  active: { kid: `${prefix}a`, sealed: under(), state: "active", ...times },
  next: { kid: `${prefix}n`, sealed: under(), state: "next", publishedAt: NOW, publishedIn: null, trial: null },
  retiring: [
    {
      kid: `${prefix}r`,
      sealed: under(retiringUnder),
      state: "retiring",
      ...times,
      retiredAt: NOW,
      lastTokenExpires: NOW,
    },
  ],
  gone: [{ kid: `${prefix}g`, state: "removed", removedAt: NOW }],
});
const ring: Ring = {
  signing: aSet("e", second),
  further: [{ alg: "RS256", set: aSet("r") }],
  mac: {
    current: { kid: 2, sealed: under(), createdAt: NOW },
    older: [{ kid: 1, sealed: under(third), createdAt: NOW, keepUntil: NOW }],
  },
  secrets: {
    current: { kid: 257, sealed: under(), createdAt: NOW },
    older: [{ kid: 256, sealed: under(fourth), createdAt: NOW }],
  },
};

test("a backup needs every key-encryption key that any of its keys is sealed under, and none without keys [K-12]", () => {
  const all = [first, second, third, fourth].map((kek) => kek?.id ?? "").toSorted();
  assert.deepEqual(keksOf(ringToRow(ring)), all);
  assert.deepEqual(
    keksOf(ringToRow({ ...ring, secrets: null })),
    all.filter((id) => id !== fourth?.id),
  );
  assert.deepEqual(keksOf(null), []);
  assert.throws(() => keksOf("{}"), Fault);
});

test("its kids are those of every key that signs, will sign or has signed", () => {
  assert.deepEqual(kidsOf(ringToRow(ring)), ["ea", "en", "er", "ra", "rn", "rr"]);
});

test("a set of keys is found by its algorithm or any of its kids, and put in its own place alone", () => {
  assert.equal(keySetOf(ring, "ES256"), ring.signing);
  assert.equal(keySetOf(ring, "RS256"), ring.further[0]?.set);
  assert.equal(keySetOf(ring, "Ed25519"), undefined);
  for (const kid of ["ra", "rn", "rr", "rg"]) assert.equal(keySetWith(ring, kid)?.alg, "RS256", kid);
  for (const kid of ["ea", "eg"]) assert.equal(keySetWith(ring, kid)?.alg, "ES256", kid);
  assert.equal(keySetWith(ring, "other"), undefined);
  const set = aSet("x");
  assert.deepEqual(withKeySet(ring, "ES256", set), { ...ring, signing: set });
  assert.deepEqual(withKeySet(ring, "RS256", set), { ...ring, further: [{ alg: "RS256", set }] });
  const added = { ...ring, further: [...ring.further, { alg: "Ed25519", set }] };
  assert.deepEqual(withKeySet(ring, "Ed25519", set), added);
});
