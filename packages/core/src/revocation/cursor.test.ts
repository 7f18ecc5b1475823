import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parsePosition } from "@hallpass/protocol";
import fc from "fast-check";
import type { TenantId } from "../kernel/ids.ts";
import { macKeysOf, TENANT } from "../testing/builders.ts";
import { CHARACTERS, characterAt } from "../testing/characters.ts";
import { formatCursor, parseCursor } from "./cursor.ts";

const anyCharacter = fc.nat(CHARACTERS - 1).map(characterAt);

interface Vectors {
  readonly server_keys: Readonly<Record<string, string>>;
  readonly genuine: readonly {
    readonly kid: number;
    readonly tenant: string;
    readonly epoch: number;
    readonly seq: number;
    readonly mark: string;
    readonly cursor: string;
  }[];
  readonly refused: readonly { readonly why: string; readonly cursor: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../../spec/vectors/cursor.json", import.meta.url), "utf8"),
) as Vectors;
const all = macKeysOf(vectors.server_keys, 1);

describe("a cursor", () => {
  for (const { kid, tenant, epoch, seq, mark, cursor } of vectors.genuine) {
    it(`of ${tenant} at ${epoch}.${seq} under key ${kid} is written and read as the vectors say [POS-6]`, () => {
      const mac = macKeysOf(vectors.server_keys, kid);
      assert.equal(formatCursor(mac, tenant as TenantId, { pos: { epoch, seq }, mark }), cursor);
      assert.deepEqual(parseCursor(all, tenant as TenantId, cursor), { pos: { epoch, seq }, mark });
    });
    it(`of ${tenant} at ${epoch}.${seq} under key ${kid} is nothing to a server without that key [POS-7]`, () => {
      const { [String(kid)]: _, ...others } = vectors.server_keys;
      assert.equal(parseCursor(macKeysOf(others, 1), tenant as TenantId, cursor), undefined);
    });
  }

  for (const { why, cursor } of vectors.refused) {
    it(`is ignored: ${why} [POS-7]`, () => assert.equal(parseCursor(all, TENANT, cursor), undefined));
  }

  it("is ignored with any character changed, added or cut [POS-7]", () => {
    const { cursor } = vectors.genuine[1] ?? { cursor: "" };
    assert.notEqual(parseCursor(all, TENANT, cursor), undefined);
    for (let index = 0; index < cursor.length; index += 1) {
      assert.equal(parseCursor(all, TENANT, cursor.slice(0, index)), undefined);
      for (const other of ["A", "b", "0", ".", "-", "\u0141", "\0"]) {
        const changed = cursor.slice(0, index) + other + cursor.slice(index + 1);
        if (changed !== cursor) assert.equal(parseCursor(all, TENANT, changed), undefined, changed);
      }
    }
  });

  it("comes from nobody without a key: no text at all is one [POS-7]", () => {
    const texts = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.stringMatching(/^[1-9]\.[0-9]\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]{11}$/),
    );
    fc.assert(fc.property(texts, (text) => assert.equal(parseCursor(all, TENANT, text), undefined)));
  });

  it("is not written without a key: a defect", () => {
    assert.throws(() =>
      formatCursor(macKeysOf({}, 1), TENANT, {
        pos: parsePosition("1.0") ?? { epoch: 1, seq: 0 },
        mark: "AAAAAAAAAAA",
      }),
    );
  });
});
