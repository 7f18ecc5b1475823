// Refresh tokens against vectors that an independent implementation made.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseRefreshToken, type RefreshTokenParts } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import { macKeysOf } from "../testing/builders.ts";
import { innerFits, mintRefreshToken, outerFits, type RefreshScheme } from "./refresh-token.ts";

interface Valid {
  readonly kid: number;
  readonly tenant: string;
  readonly issuer: string;
  readonly seed: string;
  readonly sid: string;
  readonly fam: string;
  readonly generation: number;
  readonly token: string;
}
interface Vectors {
  readonly server_keys: Readonly<Record<string, string>>;
  readonly valid: readonly [Valid, ...Valid[]];
  readonly forged: readonly {
    readonly why: string;
    readonly outer_fits: boolean;
    readonly inner_fits: boolean;
    readonly token: string;
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../../spec/vectors/refresh-token.json", import.meta.url), "utf8"),
) as Vectors;
const [first] = vectors.valid;

function schemeOf({ tenant, issuer }: Pick<Valid, "tenant" | "issuer">, keys = vectors.server_keys): RefreshScheme {
  return { mac: macKeysOf(keys, 1), issuer, tenant: tenant as TenantId };
}

function seedOf({ seed }: Valid): Uint8Array {
  return new Uint8Array(Buffer.from(seed, "hex"));
}

function partsOf(token: string): RefreshTokenParts {
  const parts = parseRefreshToken(token);
  if (parts === undefined) throw new Error("a vector is malformed");
  return parts;
}

describe("a refresh token", () => {
  for (const [index, one] of vectors.valid.entries()) {
    it(`is minted byte for byte as vector ${index} says, each time [RT-2] [RT-4]`, () => {
      const { kid, sid, fam, generation } = one;
      const minted = () => mintRefreshToken(schemeOf(one), seedOf(one), { kid, sid, fam, generation }).reveal();
      assert.equal(minted(), one.token);
      assert.equal(minted(), minted());
    });

    it(`of vector ${index} fits, outside and inside [RT-4]`, () => {
      assert.equal(outerFits(schemeOf(one), partsOf(one.token)), true);
      assert.equal(innerFits(seedOf(one), partsOf(one.token)), true);
    });

    it(`of vector ${index} fits outside under none of the other server keys [RT-5]`, () => {
      const { [String(one.kid)]: own, ...others } = vectors.server_keys;
      assert.equal(outerFits(schemeOf(one, others), partsOf(one.token)), undefined);
      const swapped = { ...vectors.server_keys, [String(one.kid)]: (own ?? "").replaceAll("0", "1") };
      assert.equal(outerFits(schemeOf(one, swapped), partsOf(one.token)), false);
    });
  }

  for (const { why, outer_fits: outer, inner_fits: inner, token } of vectors.forged) {
    it(`that was forged is found: ${why} [RT-4] [RT-5] [REF-12]`, () => {
      assert.equal(outerFits(schemeOf(first), partsOf(token)), outer);
      assert.equal(innerFits(seedOf(first), partsOf(token)), inner);
      assert.ok(!(outer && inner));
    });
  }

  it("of one tenant or issuer fits outside in no other, whichever was served last [RT-5]", () => {
    const own = schemeOf(first);
    const others = [
      { ...own, tenant: "other" as TenantId },
      { ...own, issuer: "https://other.example" },
    ];
    for (const other of others) {
      const { kid, sid, fam, generation } = first;
      const theirs = mintRefreshToken(other, seedOf(first), { kid, sid, fam, generation }).reveal();
      assert.notEqual(theirs, first.token);
      assert.equal(outerFits(own, partsOf(theirs)), false);
      assert.equal(outerFits(other, partsOf(theirs)), true);
      assert.equal(outerFits(other, partsOf(first.token)), false);
      assert.equal(outerFits(own, partsOf(first.token)), true);
    }
  });

  it("is not minted under a server key that is gone: a defect", () => {
    const { sid, fam } = first;
    assert.throws(() => mintRefreshToken(schemeOf(first), seedOf(first), { kid: 77, sid, fam, generation: 1 }));
  });
});
