import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type AccessTokenClaims, type Actor, parseAccessTokenClaims } from "./access-token-claims.ts";
import { decodeBase64url } from "./base64url.ts";
import { type Matchable, type Notice, noticeFromWire, noticeMatches, noticeToWire, takingFromWire } from "./notice.ts";
import type { JsonObject } from "./strict-json.ts";

interface Vectors {
  readonly salt: string;
  readonly matching: readonly {
    readonly why: string;
    readonly claims: JsonObject;
    readonly notice: JsonObject;
    readonly matches: boolean;
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/notices.json", import.meta.url), "utf8"),
) as Vectors;
const salt = decodeBase64url(vectors.salt) ?? new Uint8Array();

function hash(kind: "subject" | "client", value: string): string {
  return createHash("sha256").update(salt).update(`${kind}\0${value}`).digest().subarray(0, 16).toString("base64url");
}

function subjectsOf(one: AccessTokenClaims | Actor | undefined): readonly string[] {
  return one === undefined ? [] : [hash("subject", one.sub), ...subjectsOf(one.act)];
}

function matchable(payload: JsonObject): Matchable {
  const claims = parseAccessTokenClaims(payload);
  if (claims === undefined) throw new Error("a vector's claims are malformed");
  const { sid, fam, anc, jti, pos, iat, clientId } = claims;
  return { sid, fam, anc, jti, pos, iat, subjects: subjectsOf(claims), client: hash("client", clientId) };
}

function parsed(wire: JsonObject): Notice {
  const notice = noticeFromWire(wire);
  if (notice === undefined || "unknownKind" in notice) throw new Error("a vector's notice is malformed");
  return notice;
}

describe("a notice takes a token away", () => {
  for (const { why, claims, notice, matches } of vectors.matching) {
    it(`${matches ? "that names" : "and not when it names"} ${why} [NOT-1] [NOT-5] [NOT-7] [NOT-8]`, () => {
      assert.equal(noticeMatches(parsed(notice), matchable(claims)), matches);
    });
  }
});

const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
const good = { pos: "1.42", at_ms: 1, until_ms: 2, kind: "session", sid: SID };
const HASH = "q0l5jJc2k1vYl3q7p0aXwA";

describe("a notice on the wire", () => {
  it("comes back as it was, whatever its kind [NOT-1]", () => {
    for (const { notice } of vectors.matching) assert.deepEqual(noticeToWire(parsed(notice)), notice);
  });

  it("is read at the bounds of its times and lengths [NOT-1]", () => {
    const token = { pos: "1.42", at_ms: 0, until_ms: 0, kind: "token", jti: "a".repeat(128) };
    assert.deepEqual(noticeFromWire(token), {
      pos: { epoch: 1, seq: 42 },
      at: 0,
      until: 0,
      taking: { kind: "token", jti: "a".repeat(128) },
    });
    assert.equal(noticeFromWire({ ...token, jti: ["a"] }), undefined);
  });

  const malformed: readonly [title: string, wire: JsonObject][] = [
    ["no position", { ...good, pos: 42 }],
    ["a malformed position", { ...good, pos: "1.042" }],
    ["a time that is no integer", { ...good, at_ms: 1.5 }],
    ["a time as text", { ...good, until_ms: "2" }],
    ["a time before all time", { ...good, at_ms: -1 }],
    ["a kind that is no text", { ...good, kind: 1 }],
    ["a session without sid", { pos: "1.42", at_ms: 1, until_ms: 2, kind: "session" }],
    ["a sid in capitals", { ...good, sid: SID.toUpperCase() }],
    ["a family without fam", { ...good, kind: "family" }],
    ["a fam of another length", { ...good, kind: "family", fam: "AAEC" }],
    ["a fam with a spare bit set", { ...good, kind: "family", fam: "AAECAx" }],
    ["an empty jti", { ...good, kind: "token", jti: "" }],
    ["a jti of 129 characters", { ...good, kind: "token", jti: "a".repeat(129) }],
    ["a subject in clear", { ...good, kind: "subject", subject: "u-81" }],
    ["a subject's hash in another spelling", { ...good, kind: "subject", subject: `${HASH.slice(0, -1)}B` }],
    ["a client that is no text", { ...good, kind: "client", client: null }],
    ["a tenant before no position", { ...good, kind: "tenant", before: 42 }],
    ["a tenant before a malformed position", { ...good, kind: "tenant", before: "1.042" }],
    ["a tenant before a time that is no integer", { ...good, kind: "tenant", issued_before: 1.5 }],
    ["a tenant before a time as text", { ...good, kind: "tenant", issued_before: "1" }],
    ["a tenant before a position and a time", { ...good, kind: "tenant", before: "1.40", issued_before: 1 }],
  ];
  for (const [title, wire] of malformed) {
    it(`is malformed with ${title}`, () => assert.equal(noticeFromWire(wire), undefined));
  }

  it("of a kind that is not known is told from a malformed one [NOT-6]", () => {
    assert.deepEqual(noticeFromWire({ ...good, kind: "galaxy" }), { unknownKind: "galaxy" });
    assert.deepEqual(takingFromWire({ kind: "Session", sid: SID }), { unknownKind: "Session" });
    assert.equal(takingFromWire({ sid: SID }), undefined);
  });

  it("keeps nothing that its kind does not have", () => {
    const notice = noticeFromWire({ ...good, subject: HASH, x: 1 });
    assert.deepEqual(notice, { pos: { epoch: 1, seq: 42 }, at: 1, until: 2, taking: { kind: "session", sid: SID } });
  });
});
