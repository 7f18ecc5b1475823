// The same vectors of Project Wycheproof (spec/wycheproof.md) where others sign: assertions of clients, which jose verifies with a registered key.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type JsonObject, parseCompactJws, parseJwsHeader, splitCompactJws } from "@hallpass/protocol";
import { anyVerifies } from "./prove-client.ts";
import { candidates, isAssertionAlgorithm, parsePublicJwk } from "./public-jwk.ts";

interface Vectors {
  readonly jws: {
    readonly groups: readonly {
      readonly key: JsonObject | null;
      readonly tests: readonly { readonly tcId: number; readonly jws: string; readonly result: "valid" | "invalid" }[];
    }[];
  };
}

const { groups } = (
  JSON.parse(readFileSync(new URL("../../../../../spec/vectors/wycheproof.json", import.meta.url), "utf8")) as Vectors
).jws;

const KEYS = groups.flatMap(({ key }) => (key === null ? [] : [key]));

/** Secrets are shared with nobody, ES512 is not taken, and a key of PS256 verifies no PS384. */
const REFUSED_HERE = [1, 346, 347, 348, 350, 351, 352, 357, 358, 359, 372, 373, 376, 377];

async function isGenuine(jws: string, jwk: JsonObject): Promise<boolean> {
  const key = parsePublicJwk(jwk);
  const split = splitCompactJws(jws);
  const header = split.ok ? parseJwsHeader(split.parts.header) : split;
  if (key === undefined || !header.ok) return false;
  const { alg, kid } = header.header;
  return isAssertionAlgorithm(alg) && anyVerifies(candidates([key], alg, kid), jws, alg);
}

test("an assertion is verified as Wycheproof says, or refused where that is listed [WYC-1] [O-22] [J-19]", async () => {
  const refused = new Set<number>();
  for (const { key, tests } of groups) {
    const keys = key === null ? KEYS : [key];
    for (const { tcId, jws, result } of tests) {
      for (const jwk of keys) {
        const found = (await isGenuine(jws, jwk)) ? "valid" : "invalid";
        if (found === result) continue;
        assert.equal(found, "invalid", `${tcId} is refused there and valid here`);
        refused.add(tcId);
      }
      assert.equal(
        parseCompactJws(jws).ok,
        false,
        `${tcId} has no object of JSON in it, and would be refused for that alone`,
      );
    }
  }
  assert.deepEqual([...refused], REFUSED_HERE);
});
