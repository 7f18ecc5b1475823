import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  type AccessTokenClaims,
  type Actor,
  encodeBase64url,
  type Notice,
  noticeMatches,
  packNotices,
  type Taking,
  unpackNotices,
} from "@hallpass/protocol";
import fc from "fast-check";
import { NoticeTable, SLOT_BYTES } from "./notice-table.ts";
import { platformCrypto, webCrypto } from "./platform-crypto.ts";
import { hashCode, KeyMaker, type TokenKeys } from "./token-keys.ts";

const salt = new Uint8Array(16).fill(3);
const crypto = platformCrypto();
/** One for all, so that the keys of many tokens stand side by side. */
const maker = new KeyMaker(crypto, salt);

const sidOf = (n: number): string => `019a9c3e-6f1a-7c41-9a52-${n.toString(16).padStart(12, "0")}`;
const codeOf = (n: number, length = 16): string =>
  encodeBase64url(Uint8Array.from({ length }, (_, index) => (n >>> (index * 3)) & 255));

function keysOf(given: Partial<AccessTokenClaims>): TokenKeys {
  const keys = maker.keysOf({
    iss: "i",
    sub: "u1",
    aud: ["a"],
    clientId: "web",
    scope: [],
    iat: 0,
    exp: 600,
    nbf: undefined,
    jti: codeOf(999),
    pos: { epoch: 1, seq: 5 },
    sid: sidOf(1),
    fam: codeOf(1, 4),
    anc: [],
    authTime: undefined,
    acr: undefined,
    amr: [],
    cnf: undefined,
    act: undefined,
    all: {},
    ...given,
  });
  assert.ok(!(keys instanceof Promise));
  return keys;
}

const hashed = (kind: "subject" | "client", value: string): string => {
  const hash = hashCode(crypto, salt, kind, value);
  assert.ok(typeof hash === "string");
  return hash;
};
const notice = (taking: Taking, seq = 6, until = 10_000): Notice => ({ pos: { epoch: 1, seq }, at: 0, until, taking });

test("each kind takes away what its row says and nothing beside it [NOT-1] [NOT-5]", () => {
  const token = keysOf({ anc: [sidOf(2)], act: { sub: "agent", act: { sub: "root" } } });
  const bare = keysOf({ sid: undefined, fam: undefined, pos: { epoch: 1, seq: 6 } });
  const rows: [Taking, "revoked" | "outdated" | undefined][] = [
    [{ kind: "session", sid: sidOf(1) }, "revoked"],
    [{ kind: "session", sid: sidOf(2) }, "revoked"],
    [{ kind: "session", sid: sidOf(3) }, undefined],
    [{ kind: "outdated", sid: sidOf(1) }, "outdated"],
    [{ kind: "outdated", sid: sidOf(2) }, "outdated"],
    [{ kind: "family", sid: sidOf(1), fam: codeOf(1, 4) }, "revoked"],
    [{ kind: "family", sid: sidOf(1), fam: codeOf(2, 4) }, undefined],
    [{ kind: "family", sid: sidOf(2), fam: codeOf(1, 4) }, undefined],
    [{ kind: "token", jti: codeOf(999) }, "revoked"],
    [{ kind: "token", jti: codeOf(998) }, undefined],
    [{ kind: "subject", subject: hashed("subject", "u1") }, "revoked"],
    [{ kind: "subject", subject: hashed("subject", "agent") }, "revoked"],
    [{ kind: "subject", subject: hashed("subject", "root") }, "revoked"],
    [{ kind: "subject", subject: hashed("subject", "u2") }, undefined],
    [{ kind: "subject", subject: hashed("client", "u1") }, undefined],
    [{ kind: "client", client: hashed("client", "web") }, "revoked"],
    [{ kind: "client", client: hashed("client", "mobile") }, undefined],
  ];
  for (const [taking, expected] of rows) {
    const table = new NoticeTable();
    table.add(notice(taking));
    assert.equal(table.taken(token), expected, JSON.stringify(taking));
    const other = taking.kind === "token" && taking.jti === codeOf(999) ? "revoked" : undefined;
    assert.equal(table.taken(bare), other, `a token issued at the cut-off, without session: ${JSON.stringify(taking)}`);
  }
});

test("a cut-off takes tokens before its position and none at or after it [NOT-7]", () => {
  const table = new NoticeTable();
  table.add(notice({ kind: "subject", subject: hashed("subject", "u1") }, 6));
  const answers = [5, 6, 7].map((seq) => table.taken(keysOf({ pos: { epoch: 1, seq } })));
  assert.deepEqual(answers, ["revoked", undefined, undefined]);
});

test("a tenant's cut-off takes by position or by time, goes with the horizon, and the latest covers the rest [NOT-8]", () => {
  const table = new NoticeTable();
  const at = (seq: number, iat = 100): string | undefined => table.taken(keysOf({ pos: { epoch: 1, seq }, iat }));
  table.add(notice({ kind: "tenant" }, 6, 1000));
  assert.deepEqual([at(5), at(6), at(7)], ["revoked", undefined, undefined]);
  table.add(notice({ kind: "tenant", before: "1.4" }, 9, 2000));
  assert.deepEqual([at(5), at(8)], ["revoked", undefined]);
  table.add(notice({ kind: "tenant", issued_before: 100 }, 10, 3000));
  assert.deepEqual([at(8, 99), at(8, 100), at(8, 101)], ["revoked", undefined, undefined]);
  assert.equal(table.size, 2);
  table.forget(1999);
  assert.equal(at(5), "revoked");
  table.forget(2000);
  assert.deepEqual([at(5), at(8, 99)], [undefined, "revoked"]);
  table.forget(2999);
  assert.equal(at(8, 99), "revoked");
  table.forget(3000);
  assert.deepEqual([at(5), at(8, 99), table.size], [undefined, undefined, 0]);
});

test("hashes are salted, of their kind, and cut to 16 bytes, by either crypto [NOT-2]", async () => {
  const expected = encodeBase64url(
    new Uint8Array(
      await globalThis.crypto.subtle.digest("SHA-256", new Uint8Array([...salt, ...Buffer.from("subject\0u1")])),
    ).subarray(0, 16),
  );
  assert.equal(await hashCode(crypto, salt, "subject", "u1"), expected);
  assert.equal(await hashCode(webCrypto(), salt, "subject", "u1"), expected);
  for (const value of ["ü€😀", "a\u0080", "\u007f", "x".repeat(255), "😀".repeat(100)]) {
    const text = Buffer.concat([salt, Buffer.from(`client\0${value}`)]);
    const hash = createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
    assert.equal(await hashCode(crypto, salt, "client", value), hash, value);
    assert.equal(keysOf({ clientId: value }).matchable.client, hash, value);
  }
});

test("keys stay what they were, however many tokens and clients come after them", () => {
  const first = keysOf({ clientId: "c0", jti: codeOf(0), anc: [sidOf(7)] });
  const before = first.matchable;
  const words = [...first.words.subarray(first.sidAt, first.ancEnd + 1)];
  for (let n = 1; n <= 1000; n += 1) {
    const clientId = `c${n % 600}`;
    const { client, jti } = keysOf({ clientId, jti: codeOf(n), act: { sub: `a${n}` } }).matchable;
    assert.deepEqual([client, jti], [hashed("client", clientId), codeOf(n)]);
  }
  assert.deepEqual(first.matchable, before);
  assert.deepEqual([...first.words.subarray(first.sidAt, first.ancEnd + 1)], words);
  const deep = Array.from({ length: 5 }).reduce<Actor>((act, _, n) => ({ sub: `a${n}`, act }), { sub: "root" });
  assert.equal(keysOf({ act: deep }).matchable.subjects.length, 7);
});

test("a jti that is not 16 bytes is compared as text", () => {
  const table = new NoticeTable();
  table.add(notice({ kind: "token", jti: "order-81" }));
  assert.equal(table.taken(keysOf({ jti: "order-81" })), "revoked");
  assert.equal(table.taken(keysOf({ jti: "order-82" })), undefined);
  table.forget(10_000);
  assert.equal(table.size, 0);
});

const takings: fc.Arbitrary<Taking> = fc.oneof(
  fc.record({ kind: fc.constantFrom("session" as const, "outdated" as const), sid: fc.nat(5).map(sidOf) }),
  fc.record({
    kind: fc.constant("family" as const),
    sid: fc.nat(5).map(sidOf),
    fam: fc.nat(3).map((n) => codeOf(n, 4)),
  }),
  fc.record({ kind: fc.constant("token" as const), jti: fc.nat(5).map((n) => codeOf(n)) }),
  fc.record({ kind: fc.constant("subject" as const), subject: fc.nat(3).map((n) => hashed("subject", `u${n}`)) }),
  fc.record({ kind: fc.constant("client" as const), client: fc.nat(3).map((n) => hashed("client", `c${n}`)) }),
  fc.record({ kind: fc.constant("tenant" as const), before: fc.nat(60).map((n) => `1.${n}`) }),
  fc.record({ kind: fc.constant("tenant" as const), issued_before: fc.nat(9) }),
);

/** As a snapshot brings them that came packed. */
function keepPacked(table: NoticeTable, notices: readonly Notice[]): void {
  const { packed, others } = packNotices(notices.map((one) => ({ ...one, body: JSON.stringify(one.taking) })));
  for (const { pos, at, until, taking } of others) table.add({ pos, at, until, taking });
  const rows = unpackNotices(packed, notices.length);
  assert.ok(rows !== undefined);
  table.keepRows(rows);
}

test("the packed table answers as the rule of matching does, for any notices and any token [NOT-1]", () => {
  const claims = fc.record({
    sub: fc.nat(3).map((n) => `u${n}`),
    clientId: fc.nat(3).map((n) => `c${n}`),
    jti: fc.nat(5).map((n) => codeOf(n)),
    sid: fc.nat(5).map(sidOf),
    fam: fc.nat(3).map((n) => codeOf(n, 4)),
    anc: fc.uniqueArray(fc.nat(5).map(sidOf), { maxLength: 3 }),
    pos: fc.record({ epoch: fc.constant(1), seq: fc.nat(60) }),
    iat: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(takings, { maxLength: 60 }), claims, (list, given) => {
      const notices = list.map((taking, index) => notice(taking, index + 1));
      const keys = keysOf(given);
      const matching = notices.filter((one) => noticeMatches(one, keys.matchable));
      const revoked = matching.some(({ taking }) => taking.kind !== "outdated");
      const right = revoked ? "revoked" : matching.length > 0 ? "outdated" : undefined;
      const table = new NoticeTable();
      for (const one of notices) table.add(one);
      assert.equal(table.taken(keys), right);
      // Half of them packed: as they lie, and once they have places, among the others.
      const mixed = new NoticeTable();
      for (const one of notices.filter((_, index) => index % 2 === 0)) mixed.add(one);
      keepPacked(
        mixed,
        notices.filter((_, index) => index % 2 === 1),
      );
      for (let asked = 0; asked < 70; asked += 1) assert.equal(mixed.taken(keys), right);
    }),
  );
});

test("100,000 live notices take at most 100 bytes each, whatever their number [FEED-7]", () => {
  const table = new NoticeTable();
  let worst = 0;
  for (let n = 1; n <= 100_000; n += 1) {
    table.add(notice({ kind: "token", jti: codeOf(n * 2_654_435_761) }, n));
    if (n >= 1000) worst = Math.max(worst, table.bytes / table.size);
  }
  assert.ok(table.size > 99_000);
  assert.ok(table.bytes / table.size <= 100, `${table.bytes / table.size} bytes`);
  assert.ok(worst <= 100, `${worst} bytes`);
  assert.equal(SLOT_BYTES, 37);
  assert.ok(table.bytes >= table.size * SLOT_BYTES, "each has a slot");
  assert.equal(table.bytes % SLOT_BYTES, 0);
});

test("what came packed takes less until it has places, and no more than others then [FEED-7] [FEED-5]", () => {
  const table = new NoticeTable();
  const notices = Array.from({ length: 100_000 }, (_, n) =>
    notice({ kind: "token", jti: codeOf((n + 1) * 2_654_435_761) }, n + 1, n % 2 === 0 ? 10_000 : 20_000),
  );
  keepPacked(table, notices);
  assert.equal(table.size, 100_000);
  const each = table.bytes / table.size;
  assert.ok(each >= 32 && each <= 50, `${each} bytes`);
  const taken = keysOf({ jti: codeOf(2_654_435_761 * 2) });
  for (let asked = 0; asked < 64; asked += 1) assert.equal(table.taken(taken), "revoked");
  table.forget(10_000);
  assert.equal(table.taken(taken), "revoked");
  assert.ok(table.size <= 50_000, `${table.size} notices`);
  assert.ok(table.bytes / table.size <= 100, `${table.bytes / table.size} bytes`);
  table.forget(20_000);
  assert.equal(table.size, 0);
  assert.equal(table.taken(taken), undefined);
});

test("what revokes comes before what is outdated, whichever of a token's sessions it is about [NOT-1]", () => {
  const token = keysOf({ anc: [sidOf(2), sidOf(3)] });
  const answers = [
    [1, 2],
    [2, 3],
    [3, 1],
  ].map(([ended = 0, outdated = 0]) => {
    const table = new NoticeTable();
    table.add(notice({ kind: "session", sid: sidOf(ended) }, 6));
    table.add(notice({ kind: "outdated", sid: sidOf(outdated) }, 7));
    return table.taken(token);
  });
  assert.deepEqual(answers, ["revoked", "revoked", "revoked"]);
});

test("an outdated token without a family is outdated, and one that was issued at the cut-off is not [NOT-5]", () => {
  const table = new NoticeTable();
  table.add(notice({ kind: "outdated", sid: sidOf(1) }, 6));
  const answers = [5, 6].map((seq) => table.taken(keysOf({ fam: undefined, pos: { epoch: 1, seq } })));
  assert.deepEqual(answers, ["outdated", undefined]);
});

test("two notices of one kind about one key are one: the later cut-off, and the later end, in either order [FEED-5]", () => {
  const subject = hashed("subject", "u1");
  const early = notice({ kind: "subject", subject }, 6, 20_000);
  const late = notice({ kind: "subject", subject }, 9, 10_000);
  for (const both of [
    [early, late],
    [late, early],
  ]) {
    const table = new NoticeTable();
    for (const one of both) table.add(one);
    assert.equal(table.size, 1);
    for (let n = 0; n < 40; n += 1) table.add(notice({ kind: "token", jti: codeOf(n) }, 10, 10_000));
    table.forget(10_000);
    assert.equal(table.size, 1);
    const answers = [8, 9].map((seq) => table.taken(keysOf({ pos: { epoch: 1, seq } })));
    assert.deepEqual(answers, ["revoked", undefined]);
  }
});

test("a table that grew, and one that came packed, holds what it held: each family, each cut-off and each end", () => {
  const count = 150;
  const notices = Array.from({ length: count }, (_, n) => [
    notice({ kind: "family", sid: sidOf(7), fam: codeOf(n, 4) }, n + 1, 20_000),
    notice({ kind: "subject", subject: hashed("subject", `u${n}`) }, n + 1, 10_000 + n),
  ]).flat();
  const grown = new NoticeTable();
  for (const one of notices) grown.add(one);
  const placed = new NoticeTable();
  placed.add(notice({ kind: "session", sid: sidOf(8) }));
  keepPacked(placed, [notice({ kind: "session", sid: sidOf(8) }), ...notices]);
  for (let asked = 0; asked < 65; asked += 1) placed.taken(keysOf({}));
  assert.deepEqual([grown.size, placed.size], [2 * count, 2 * count + 1]);
  for (const table of [grown, placed]) {
    for (let n = 0; n < count; n += 1) {
      assert.equal(table.taken(keysOf({ sub: "u", sid: sidOf(7), fam: codeOf(n, 4) })), "revoked");
      const answers = [n, n + 1].map((seq) => table.taken(keysOf({ sub: `u${n}`, pos: { epoch: 1, seq } })));
      assert.deepEqual(answers, ["revoked", undefined]);
    }
    assert.equal(table.taken(keysOf({ sub: "u", sid: sidOf(7), fam: codeOf(count, 4) })), undefined);
    table.forget(10_000 + count - 2);
    const answers = [count - 2, count - 1].map((n) => table.taken(keysOf({ sub: `u${n}`, pos: { epoch: 1, seq: 0 } })));
    assert.deepEqual(answers, [undefined, "revoked"]);
  }
});

test("what is over is dropped when it is more than sixteen notices and more than a quarter, and not before [FEED-5]", () => {
  const sizes = [
    [16, 4],
    [17, 50],
    [17, 51],
  ].map(([over = 0, live = 0]) => {
    const table = new NoticeTable();
    for (let n = 0; n < over + live; n += 1)
      table.add(notice({ kind: "token", jti: codeOf(n) }, 6, n < over ? 10_000 : 20_000));
    table.forget(10_000);
    return table.size;
  });
  assert.deepEqual(sizes, [20, 50, 68]);
});

test("what is over takes no room: a table that forgets, or is full of what is over, is as large as one of what is left [FEED-5] [FEED-7]", () => {
  const token = (n: number, until: number): Notice => notice({ kind: "token", jti: codeOf(n) }, 6, until);
  const room = (live: number): number => {
    const table = new NoticeTable();
    for (let n = 0; n < live; n += 1) table.add(token(n, 20_000));
    return table.bytes;
  };
  const forgets = new NoticeTable();
  for (let n = 0; n < 1000; n += 1) forgets.add(token(n, n < 300 ? 20_000 : 10_000));
  forgets.forget(10_000);
  assert.equal(forgets.bytes, room(300));
  const full = new NoticeTable();
  for (let n = 0; n < 16; n += 1) full.add(token(n, 10_000));
  full.forget(10_000);
  for (let n = 16; n < 64; n += 1) full.add(token(n, 20_000));
  assert.equal(full.bytes, room(48));
});

test("ids that differ in 32 of their bits alone are told apart, wherever they lie in the table [NOT-1]", () => {
  for (const word of [0, 1, 2, 3]) {
    const idOf = (n: number): string => {
      const hex = [1, 2, 3, 4].map((of, at) => (at === word ? of + n * 64 : of).toString(16).padStart(8, "0")).join("");
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
    };
    const table = new NoticeTable();
    for (let n = 0; n < 40; n += 1) table.add(notice({ kind: "session", sid: idOf(2 * n) }));
    const answers = Array.from({ length: 80 }, (_, n) => table.taken(keysOf({ sid: idOf(n) })));
    assert.deepEqual(
      answers,
      answers.map((_, n) => (n % 2 === 0 ? "revoked" : undefined)),
    );
  }
});

test("a horizon never falls: what it has forgotten takes no place again [FEED-5]", () => {
  const table = new NoticeTable();
  table.forget(10_000);
  table.forget(5000);
  keepPacked(table, [notice({ kind: "token", jti: codeOf(1) }), notice({ kind: "token", jti: codeOf(2) }, 6, 10_001)]);
  for (let asked = 0; asked < 65; asked += 1) table.taken(keysOf({}));
  assert.equal(table.size, 1);
});

test("a notice goes when the horizon has reached its until, not before [F-17] [FEED-5]", () => {
  const count = 64;
  const table = new NoticeTable();
  for (let n = 0; n < count; n += 1) table.add(notice({ kind: "token", jti: codeOf(n) }, n + 1, 10_000));
  table.forget(9999);
  assert.equal(table.size, count);
  assert.equal(table.taken(keysOf({ jti: codeOf(3) })), "revoked");
  table.forget(10_000);
  assert.equal(table.size, 0);
  table.forget(5000);
  assert.equal(table.taken(keysOf({ jti: codeOf(3) })), undefined);
});

test("coming and going leaves no trace: size and bytes follow what is live [FEED-5]", () => {
  const table = new NoticeTable();
  for (let round = 1; round <= 200; round += 1) {
    for (let n = 0; n < 500; n += 1) {
      table.add(notice({ kind: "token", jti: codeOf(round * 1000 + n) }, round * 1000 + n, round * 1000 + 2000));
    }
    table.forget(round * 1000);
  }
  assert.ok(table.size <= 2000, `${table.size} notices`);
  assert.ok(table.bytes <= 4096 * SLOT_BYTES, `${table.bytes} bytes`);
  assert.equal(table.taken(keysOf({ jti: codeOf(200_003) })), "revoked");
});
