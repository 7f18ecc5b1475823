// Keys that resemble each other, searched where they lie packed.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeBase64url,
  type Notice,
  packNotices,
  parseAccessTokenClaims,
  type Taking,
  unpackNotices,
} from "@hallpass/protocol";
import { NoticeTable } from "./notice-table.ts";
import { PackedRows } from "./packed-rows.ts";
import { platformCrypto } from "./platform-crypto.ts";
import { hashCode, KeyMaker, type TokenKeys } from "./token-keys.ts";

const salt = new Uint8Array(16).fill(9);
const crypto = platformCrypto();
const maker = new KeyMaker(crypto, salt);
const sidOf = (n: number): string => `019a9c3e-6f1a-7c41-9a52-${n.toString(16).padStart(12, "0")}`;
const codeOf = (...words: readonly number[]): string => {
  const bytes = new DataView(new ArrayBuffer(words.length * 4));
  for (const [index, word] of words.entries()) bytes.setUint32(index * 4, word);
  return encodeBase64url(new Uint8Array(bytes.buffer));
};
const hashed = (kind: "subject" | "client", value: string): string => {
  const hash = hashCode(crypto, salt, kind, value);
  assert.ok(typeof hash === "string");
  return hash;
};

function keysOf(given: object): TokenKeys {
  const said = { iss: "i", sub: "u", aud: "a", client_id: "c", iat: 0, exp: 600, jti: "odd", pos: "1.5", ...given };
  const claims = parseAccessTokenClaims(said);
  const keys = claims === undefined ? undefined : maker.keysOf(claims);
  assert.ok(keys !== undefined && !(keys instanceof Promise));
  return keys;
}

const notice = (taking: Taking, seq = 6): Notice => ({ pos: { epoch: 1, seq }, at: 0, until: 10_000, taking });

function packed(...notices: readonly Notice[]): PackedRows {
  const rows = new PackedRows();
  const bytes = packNotices(notices.map((one) => ({ ...one, body: JSON.stringify(one.taking) })));
  assert.equal(bytes.others.length, 0);
  for (const list of unpackNotices(bytes.packed, notices.length) ?? assert.fail("no rows")) rows.add(list);
  return rows;
}

const tokens = (...jtis: readonly string[]): readonly Notice[] => jtis.map((jti) => notice({ kind: "token", jti }));

test("a key is another when any one of its words is [NOT-1]", () => {
  const token = keysOf({ jti: codeOf(1, 2, 3, 4) });
  for (const other of [codeOf(9, 2, 3, 4), codeOf(1, 9, 3, 4), codeOf(1, 2, 9, 4), codeOf(1, 2, 3, 9)])
    assert.equal(packed(...tokens(other)).taken(token), undefined, other);
  assert.equal(packed(...tokens(codeOf(1, 2, 3, 4))).taken(token), "revoked");
});

test("the same four words that begin in one key and end in the next are no key [NOT-1]", () => {
  const token = keysOf({ jti: codeOf(1, 2, 3, 4) });
  for (const [one, next] of [
    [codeOf(0, 1, 2, 3), codeOf(4, 0, 0, 0)],
    [codeOf(0, 0, 1, 2), codeOf(3, 4, 0, 0)],
    [codeOf(0, 0, 0, 1), codeOf(2, 3, 4, 0)],
  ] as const) {
    assert.equal(packed(...tokens(one, next)).taken(token), undefined);
    assert.equal(packed(...tokens(one, next, codeOf(1, 2, 3, 4))).taken(token), "revoked", "and the search goes on");
  }
});

test("the last word of a key may stand in others before it, and first of all [NOT-1]", () => {
  const token = keysOf({ jti: codeOf(1, 2, 3, 4) });
  assert.equal(packed(...tokens(codeOf(4, 4, 4, 4), codeOf(1, 2, 3, 4))).taken(token), "revoked");
  assert.equal(packed(...tokens(codeOf(4, 4, 4, 4))).taken(token), undefined);
});

test("each kind takes by its own key of the token, and cut-offs before their position only [NOT-1] [NOT-7]", () => {
  const token = { sub: "u1", client_id: "c1", sid: sidOf(1), fam: codeOf(1), anc: [sidOf(2)], jti: codeOf(1, 2, 3, 4) };
  const rows: readonly (readonly [Taking, "revoked" | "outdated" | undefined, atIt: "revoked" | undefined])[] = [
    [{ kind: "session", sid: sidOf(1) }, "revoked", "revoked"],
    [{ kind: "session", sid: sidOf(2) }, "revoked", "revoked"],
    [{ kind: "session", sid: sidOf(3) }, undefined, undefined],
    [{ kind: "outdated", sid: sidOf(1) }, "outdated", undefined],
    [{ kind: "outdated", sid: sidOf(2) }, "outdated", undefined],
    [{ kind: "family", sid: sidOf(1), fam: codeOf(1) }, "revoked", "revoked"],
    [{ kind: "family", sid: sidOf(1), fam: codeOf(2) }, undefined, undefined],
    [{ kind: "family", sid: sidOf(2), fam: codeOf(1) }, undefined, undefined],
    [{ kind: "client", client: hashed("client", "c1") }, "revoked", undefined],
    [{ kind: "client", client: hashed("client", "c2") }, undefined, undefined],
    [{ kind: "subject", subject: hashed("subject", "u1") }, "revoked", undefined],
    [{ kind: "subject", subject: hashed("subject", "u2") }, undefined, undefined],
  ];
  for (const [taking, before, atIt] of rows) {
    assert.equal(packed(notice(taking, 6)).taken(keysOf(token)), before, JSON.stringify(taking));
    assert.equal(packed(notice(taking, 5)).taken(keysOf(token)), atIt, `at it: ${JSON.stringify(taking)}`);
  }
});

test("the session of an ancestor is no subject, whatever its bytes [NOT-1]", () => {
  const bytes = Buffer.from(sidOf(2).replaceAll("-", ""), "hex");
  const token = keysOf({ sid: sidOf(1), fam: codeOf(1), anc: [sidOf(2)] });
  assert.equal(packed(notice({ kind: "subject", subject: encodeBase64url(bytes) })).taken(token), undefined);
  const table = new NoticeTable();
  table.add(notice({ kind: "subject", subject: encodeBase64url(bytes) }));
  assert.equal(table.taken(token), undefined);
});

test("outdated is said only where nothing revokes, in whichever order they came [NOT-5]", () => {
  const outdated = notice({ kind: "outdated", sid: sidOf(1) });
  const client = notice({ kind: "client", client: hashed("client", "c") });
  const session = notice({ kind: "session", sid: sidOf(1) });
  const token = keysOf({ sid: sidOf(1), fam: codeOf(1) });
  assert.equal(packed(outdated, notice({ kind: "token", jti: codeOf(1, 1, 1, 1) })).taken(token), "outdated");
  for (const all of [
    [outdated, client],
    [session, outdated],
    [outdated, session],
  ])
    assert.equal(packed(...all).taken(token), "revoked");
});

test("what is kept packed counts 44 bytes a row, and none once it was taken over [FEED-7]", () => {
  const rows = packed(...tokens(codeOf(1, 2, 3, 4), codeOf(5, 6, 7, 8)), notice({ kind: "session", sid: sidOf(1) }));
  assert.deepEqual([rows.size, rows.bytes, rows.asked], [3, 132, 0]);
  rows.taken(keysOf({}));
  assert.equal(rows.asked, 1);
  assert.equal(
    rows.takeAll().reduce((sum, { size }) => sum + size, 0),
    3,
  );
  assert.deepEqual([rows.size, rows.bytes, rows.takeAll()], [0, 0, []]);
});

test("a table takes over what came packed when more than a quarter of it is past, without that, and counts what lives [FEED-5] [CONN-9]", () => {
  const sids = Array.from({ length: 8 }, (_, index) => index);
  const rowsUntil = (untils: readonly number[]): NoticeTable => {
    const notices = sids.map((n, index) => ({
      ...notice({ kind: "session", sid: sidOf(n) }, n + 1),
      until: untils[index] ?? 0,
    }));
    const table = new NoticeTable();
    const { packed: bytes } = packNotices(notices.map((one) => ({ ...one, body: JSON.stringify(one.taking) })));
    table.keepRows(unpackNotices(bytes, 8) ?? assert.fail("no rows"));
    return table;
  };
  const rising = rowsUntil([1, 2, 3, 4, 5, 6, 7, 8].map((n) => n * 1000));
  const counted = [500, 1000, 2000, 2999].map((horizon) => {
    rising.forget(horizon);
    return rising.size;
  });
  assert.deepEqual(counted, [8, 8, 8, 8]);
  rising.forget(3000);
  assert.equal(rising.size, 5);
  assert.equal(rising.taken(keysOf({ sid: sidOf(3), fam: codeOf(1) })), "revoked");
  assert.equal(rising.taken(keysOf({ sid: sidOf(2), fam: codeOf(1) })), undefined);
  // The first of a stretch ends first: where another writer's does not, its rows wait until it does.
  const held = rowsUntil([1000, 9000, 9000, 9000, 9000, 9000, 9000, 9000]);
  held.forget(1000);
  assert.equal(held.size, 8);
  held.forget(9000);
  assert.equal(held.size, 0);
});

test("families of a session are told apart by the row that is theirs [NOT-1]", () => {
  const family = (n: number, fam: number): Notice => notice({ kind: "family", sid: sidOf(n), fam: codeOf(fam) });
  const rows = (): PackedRows => packed(family(1, 10), family(2, 20), family(3, 30), family(3, 31));
  for (const [n, fam, expected] of [
    [1, 10, "revoked"],
    [2, 20, "revoked"],
    [3, 30, "revoked"],
    [3, 31, "revoked"],
    [1, 20, undefined],
    [3, 10, undefined],
  ] as const)
    assert.equal(rows().taken(keysOf({ sid: sidOf(n), fam: codeOf(fam) })), expected, `${n} ${fam}`);
});
