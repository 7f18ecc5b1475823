import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { type AuditExport, chainFaults, checkpointFault, openCheckpoint, type SignedPoint } from "./verify-chain.ts";

interface Vectors {
  readonly exports: readonly {
    readonly why: string;
    readonly export: AuditExport;
    readonly checkpoint: SignedPoint;
    readonly faults: readonly (readonly [n: number, fault: string])[];
  }[];
}

const { exports } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../../spec/vectors/audit.json"), "utf8"),
) as Vectors;

describe("an export of the audit", () => {
  for (const { why, export: exported, checkpoint, faults } of exports) {
    it(`has exactly its faults: ${why} [AUD-2] [AUD-3] [AUD-5] [AUD-8]`, () => {
      const last = checkpointFault(exported, checkpoint);
      const found = [...chainFaults(exported), ...(last === undefined ? [] : [last])];
      assert.deepEqual(
        found.map(({ n, fault }) => [n, fault]),
        faults,
      );
    });
  }

  it("whose entry is no JSON object has no record at that place", () => {
    const [first] = exports;
    assert.ok(first !== undefined);
    const [one, ...rest] = first.export.records;
    assert.ok(one !== undefined);
    for (const entry of ["", "[]", "null", "{"]) {
      const exported: AuditExport = { ...first.export, records: [{ ...one, entry }, ...rest] };
      assert.equal(chainFaults(exported)[0]?.fault, "out_of_order");
    }
  });
});

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k-1" };
const POINT: SignedPoint = { iss: "https://auth.example", tenant: "main", n: 5, hash: "h", at_ms: 1 };

function signed(head: object, payload: object): string {
  const input = [head, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

const HEAD = { alg: "ES256", typ: "hallpass-audit+jwt", kid: "k-1" };

test("a checkpoint is read with the key that signed it, and with no other [AUD-7]", () => {
  const jws = signed(HEAD, POINT);
  assert.deepEqual(openCheckpoint(jws, [jwk]), POINT);
  const other = {
    ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
    kid: "k-1",
  };
  const refused: readonly [jws: string, keys: readonly Record<string, unknown>[]][] = [
    [jws, []],
    [jws, [{ ...jwk, kid: "k-2" }]],
    [jws, [other]],
    [jws, [{ kid: "k-1" }]],
    [`${jws}.x`, [jwk]],
    [jws.slice(0, -2), [jwk]],
    ["", [jwk]],
    ["a.b.c", [jwk]],
    [signed({ ...HEAD, typ: "hallpass-receipt+jwt" }, POINT), [jwk]],
    [signed({ ...HEAD, alg: "none" }, POINT), [jwk]],
    [signed(HEAD, { ...POINT, n: "5" }), [jwk]],
  ];
  for (const [text, keys] of refused) assert.equal(openCheckpoint(text, keys), undefined, text);
});
