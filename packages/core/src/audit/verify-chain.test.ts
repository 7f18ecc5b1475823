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
  const refused: readonly (readonly [jws: string, keys: readonly Record<string, unknown>[]])[] = [
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
    ...["iss", "tenant", "n", "hash", "at_ms"].flatMap((name) =>
      [undefined, null, {}, name === "n" || name === "at_ms" ? "5" : 5].map(
        (value) => [signed(HEAD, { ...POINT, [name]: value }), [jwk]] as const,
      ),
    ),
    [signed({ ...HEAD, kid: undefined }, POINT), [{ ...jwk, kid: undefined }]],
    [`${jws.split(".")[0]}..`, [jwk]],
  ];
  for (const [text, keys] of refused) assert.equal(openCheckpoint(text, keys), undefined, text);
});

test("a checkpoint is verified by an algorithm of its key's own type only [AUD-7]", () => {
  const edwards = generateKeyPairSync("ed25519");
  const okp = { ...edwards.publicKey.export({ format: "jwk" }), kid: "k-1" };
  const input = (alg: string): string =>
    [{ ...HEAD, alg }, POINT].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const jwsOf = (alg: string): string =>
    `${input(alg)}.${sign(null, Buffer.from(input(alg)), edwards.privateKey).toString("base64url")}`;
  for (const alg of ["Ed25519", "EdDSA"]) assert.deepEqual(openCheckpoint(jwsOf(alg), [okp]), POINT);
  for (const alg of ["ES256", "RS256", "none", "toString"]) {
    assert.equal(openCheckpoint(jwsOf(alg), [okp]), undefined, alg);
  }
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const rsaJwk = { ...rsa.publicKey.export({ format: "jwk" }), kid: "k-1" };
  const byRsa = sign("sha256", Buffer.from(input("RS256")), rsa.privateKey).toString("base64url");
  assert.deepEqual(openCheckpoint(`${input("RS256")}.${byRsa}`, [rsaJwk]), POINT);
  for (const alg of ["RS256", "Ed25519", "ES384"])
    assert.equal(openCheckpoint(signed({ ...HEAD, alg }, POINT), [jwk]), undefined, alg);
});
