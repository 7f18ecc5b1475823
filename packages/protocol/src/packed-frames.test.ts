import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import type { Notice, Taking } from "./notice.ts";
import { packedBeginning, packFrame, parsePackedFrames } from "./packed-frames.ts";
import { noticesOfRows, packNotices, type StoredBody, unpackNotices } from "./packed-notices.ts";
import { comparePositions } from "./position.ts";
import { MAX_SNAPSHOT_PART, parseServerFrame, type ServerFrame } from "./server-frames.ts";
import { bytesToUuid } from "./uuid.ts";

interface Vectors {
  readonly cases: readonly {
    readonly name: string;
    readonly bytes: string;
    readonly frames: readonly object[];
    readonly unknown: readonly string[];
  }[];
  readonly malformed: readonly { readonly why: string; readonly bytes: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/packed.json", import.meta.url), "utf8"),
) as Vectors;

const bytesOf = (text: string): Uint8Array => decodeBase64url(text) ?? assert.fail(text);
const inOrder = (notices: readonly Notice[]): Notice[] => notices.toSorted((a, b) => comparePositions(a.pos, b.pos));

/** As it would have come on a line. */
function plain(frame: ServerFrame): object {
  if (frame.type !== "snapshot") return frame;
  const { rows = [], ...rest } = frame;
  return { ...rest, notices: inOrder([...frame.notices, ...rows.flatMap(noticesOfRows)]) };
}

describe("a packed answer", () => {
  for (const { name, bytes, frames, unknown } of vectors.cases) {
    it(`is the frames that would have stood on lines: ${name} [PULL-12] [NOT-6]`, () => {
      const packed = parsePackedFrames(bytesOf(bytes)) ?? assert.fail("refused");
      const lines = frames.map((frame) => parseServerFrame(JSON.stringify(frame)) as ServerFrame);
      assert.deepEqual(packed.map(plain), lines.map(plain));
      assert.deepEqual(
        packed.flatMap((frame) => ("unknownKinds" in frame ? frame.unknownKinds : [])),
        unknown,
      );
    });
  }

  for (const { why, bytes } of vectors.malformed) {
    it(`is refused as a whole: ${why} [PULL-13] [F-13]`, () =>
      assert.equal(parsePackedFrames(bytesOf(bytes)), undefined));
  }

  it("is refused wherever it is cut, but between two frames, where its head is missing [PULL-13] [PULL-6]", () => {
    const whole = bytesOf(vectors.cases[0]?.bytes ?? "");
    const ends = new Set([4]);
    for (let at = 4; at < whole.length; ) {
      const view = new DataView(whole.buffer, at);
      at += 8 + view.getUint32(0) + view.getUint32(4);
      ends.add(at);
    }
    assert.equal(ends.size, 6);
    for (let length = 0; length < whole.length; length += 1) {
      const frames = parsePackedFrames(whole.subarray(0, length));
      if (!ends.has(length)) assert.equal(frames, undefined, `${length} bytes`);
      else
        assert.ok(
          frames?.every(({ type }) => type !== "head"),
          `${length} bytes`,
        );
    }
  });

  it("is read the same wherever in a buffer it lies [PULL-12]", () => {
    const whole = bytesOf(vectors.cases[0]?.bytes ?? "");
    for (let before = 1; before < 5; before += 1) {
      const longer = new Uint8Array(before + whole.length + 3).fill(7);
      longer.set(whole, before);
      const frames = parsePackedFrames(longer.subarray(before, before + whole.length));
      assert.deepEqual(frames?.map(plain), parsePackedFrames(whole)?.map(plain));
    }
  });

  it("has at most 2,000 rows in a frame, in one stretch or in many [PULL-13]", () => {
    const head = '{"type":"snapshot","part":1,"last":true,"to":"9.9999","cursor":"c","horizon_ms":0,"notices":[]}';
    for (const kinds of [1, 4]) {
      for (const [count, reads] of [
        [MAX_SNAPSHOT_PART - 1, true],
        [MAX_SNAPSHOT_PART, true],
        [MAX_SNAPSHOT_PART + 1, false],
      ] as const) {
        const { packed } = packNotices(Array.from({ length: count }, (_, index) => stored(index + 1, index % kinds)));
        const answer = Uint8Array.of(...packedBeginning(), ...packFrame(head, packed));
        assert.equal(parsePackedFrames(answer) !== undefined, reads, `${count} of ${kinds} kinds`);
      }
    }
  });

  it("has at most 4,096 frames, and bytes before each of them that say how long it is [PULL-13]", () => {
    const frame = packFrame('{"type":"later"}');
    const of = (count: number): Uint8Array => {
      const bytes = new Uint8Array(4 + count * frame.length);
      bytes.set(packedBeginning());
      for (let at = 0; at < count; at += 1) bytes.set(frame, 4 + at * frame.length);
      return bytes;
    };
    for (const [count, reads] of [
      [0, true],
      [4095, true],
      [4096, true],
      [4097, false],
    ] as const)
      assert.equal(parsePackedFrames(of(count)) !== undefined, reads, `${count} frames`);
    assert.deepEqual(parsePackedFrames(Uint8Array.of(...packedBeginning(), ...packFrame("x"))), undefined);
    for (const text of BAD_TEXTS) {
      const bytes = Uint8Array.of(...packedBeginning(), 0, 0, 0, text.length, 0, 0, 0, 0, ...text);
      assert.equal(parsePackedFrames(bytes), undefined, "no UTF-8, or with a byte order mark");
    }
  });

  it("makes no number out of its bounds of any byte that was changed, and never throws [PULL-13] [F-13]", () => {
    const whole = bytesOf(vectors.cases[0]?.bytes ?? "");
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = whole.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        for (const frame of parsePackedFrames(changed) ?? []) {
          const { notices } = plain(frame) as { readonly notices?: readonly Notice[] };
          for (const { pos, at: time, until } of notices ?? []) {
            assert.ok([pos.epoch, pos.seq, time, until].every((number) => Number.isSafeInteger(number) && number >= 0));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

const LATER = new TextEncoder().encode('{"type":"later"}');
/** With a byte that is no UTF-8, and with a byte order mark. */
const BAD_TEXTS = [LATER.with(10, 0xff), Uint8Array.of(0xef, 0xbb, 0xbf, ...LATER)];

function stored(seq: number, kind = 0): StoredBody {
  const key = Uint8Array.from({ length: 16 }, (_, index) => (seq >>> (index % 3)) & 255);
  const code = encodeBase64url(key);
  const taking = [
    { kind: "session", sid: bytesToUuid(key) },
    { kind: "token", jti: code },
    { kind: "subject", subject: code },
    { kind: "client", client: code },
  ][kind];
  return { pos: { epoch: 1, seq }, at: seq * 10, until: seq * 20, body: JSON.stringify(taking) };
}

describe("notices that are packed", () => {
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const code = id.map(encodeBase64url);
  const sid = id.map(bytesToUuid);
  const fam = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(encodeBase64url);
  const taking: fc.Arbitrary<Taking> = fc.oneof(
    sid.map((one) => ({ kind: "session" as const, sid: one })),
    sid.map((one) => ({ kind: "outdated" as const, sid: one })),
    fc.tuple(sid, fam).map(([one, two]) => ({ kind: "family" as const, sid: one, fam: two })),
    fc.oneof(code, fc.constantFrom("order-81", "x")).map((jti) => ({ kind: "token" as const, jti })),
    code.map((subject) => ({ kind: "subject" as const, subject })),
    code.map((client) => ({ kind: "client" as const, client })),
    fc.constant({ kind: "tenant" as const }),
    fc.constant({ kind: "epoch" as const }),
  );
  const number = fc.oneof(
    fc.nat(10_000),
    fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 33, 2 ** 53 - 1 - 2 ** 32, 2 ** 53 - 2 ** 32, 2 ** 53 - 1),
  );
  const place = fc.record({
    epoch: fc.integer({ min: 1, max: 3 }),
    seq: fc.oneof(fc.integer({ min: 1, max: 99 }), number),
  });

  it("come back as they were, those of no column as themselves [PULL-12]", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ pos: place, at: number, until: number, taking }), { maxLength: 30 }),
        (given) => {
          const notices = given.filter(({ pos }) => pos.seq > 0);
          const bodies = notices.map((one) => ({ ...one, body: JSON.stringify(one.taking) }));
          const { packed, others } = packNotices(bodies);
          const rows = unpackNotices(packed, notices.length) ?? assert.fail("refused");
          const back = [
            ...others.map(({ pos, at, until, taking: of }) => ({ pos, at, until, taking: of })),
            ...rows.flatMap(noticesOfRows),
          ];
          const asText = (all: readonly Notice[]): string[] => all.map((one) => JSON.stringify(one)).toSorted();
          assert.deepEqual(asText(back), asText(notices));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("stay text where this version can't read them, and are no rows [PULL-12] [NOT-6]", () => {
    const bodies = [
      '{"kind":"galaxy","galaxy":"M31"}',
      "{",
      "[]",
      '{"kind":"session"}',
      '{"kind":"session","sid":"x"}',
      `{"kind":"session","sid":"01890a5d-ac96-774b-bcce-b302099a8057","pad":"${"x".repeat(4096)}"}`,
    ];
    const notices = bodies.map((body, index) => ({ pos: { epoch: 1, seq: index + 1 }, at: 1, until: 2, body }));
    assert.deepEqual(packNotices(notices), { packed: new Uint8Array(0), others: notices });
  });

  it("in a stretch lie one after the other, and begin another where they don't, or no offset reaches [PULL-12]", () => {
    const body = stored(1).body;
    const of = (seq: number, at: number, until: number, epoch = 1): StoredBody => ({
      pos: { epoch, seq },
      at,
      until,
      body,
    });
    const stretches = (...notices: readonly StoredBody[]): readonly number[] =>
      unpackNotices(packNotices(notices).packed, 10)?.map(({ size }) => size) ?? assert.fail("refused");
    const far = 2 ** 32;
    assert.deepEqual(stretches(of(5, 7, 9), of(6, 7, 9)), [2]);
    assert.deepEqual(stretches(of(5, 7, 9), of(6, 8, 9), of(7, 7, 10)), [3]);
    assert.deepEqual(stretches(of(5, 7, 9), of(5, 7, 9)), [1, 1]);
    assert.deepEqual(stretches(of(5, 7, 9), of(4, 7, 9)), [1, 1]);
    assert.deepEqual(stretches(of(5, 7, 9), of(7, 7, 9), of(6, 7, 9)), [2, 1]);
    assert.deepEqual(stretches(of(5, 7, 9), of(7, 7, 9), of(9, 7, 9), of(8, 7, 9)), [3, 1]);
    assert.deepEqual(stretches(of(5, 7, 9), of(6, 6, 9)), [1, 1]);
    assert.deepEqual(stretches(of(5, 7, 9), of(6, 7, 8)), [1, 1]);
    assert.deepEqual(stretches(of(5, 7, 9), of(6, 7, 9, 2)), [1, 1]);
    for (const [offset, sizes] of [
      [far - 1, [2]],
      [far, [1, 1]],
    ] as const) {
      assert.deepEqual(stretches(of(5, 7, 9), of(5 + offset, 7, 9)), sizes);
      assert.deepEqual(stretches(of(5, 7, 9), of(6, 7 + offset, 9)), sizes);
      assert.deepEqual(stretches(of(5, 7, 9), of(6, 7, 9 + offset)), sizes);
    }
  });

  it("have columns for every kind but what is of the whole tenant [PULL-12]", () => {
    const [key, session] = [encodeBase64url(new Uint8Array(16)), bytesToUuid(new Uint8Array(16))];
    const takings = [
      { kind: "session", sid: session },
      { kind: "outdated", sid: session },
      { kind: "family", sid: session, fam: "AAECAw" },
      { kind: "token", jti: key },
      { kind: "subject", subject: key },
      { kind: "client", client: key },
    ];
    const whole = [{ kind: "tenant" }, { kind: "epoch" }];
    const notices = [...takings, ...whole].map((one, index) => ({ ...stored(index + 1), body: JSON.stringify(one) }));
    const { packed, others } = packNotices(notices);
    assert.deepEqual(
      others.map(({ body }) => JSON.parse(body)),
      whole,
    );
    assert.deepEqual(
      unpackNotices(packed, 6)?.map(({ kind }) => kind),
      [1, 2, 3, 4, 5, 6],
    );
  });

  it("say the position of their last row, and are refused in any part of a header [PULL-12] [PULL-13]", () => {
    const { packed } = packNotices([stored(5), stored(6), stored(9)]);
    assert.deepEqual(
      unpackNotices(packed, 3)?.map(({ newest }) => newest),
      [{ epoch: 1, seq: 9 }],
    );
    assert.equal(unpackNotices(packed, 2), undefined);
    const lone = packNotices([stored(5)]).packed;
    const two = Uint8Array.of(...lone, ...packNotices([stored(6, 1)]).packed);
    for (let length = 1; length < two.length; length += 1)
      assert.equal(unpackNotices(two.subarray(0, length), 3)?.length, length === lone.length ? 1 : undefined);
    const empty = lone.slice(0, 37);
    empty.fill(0, 1, 5);
    assert.equal(unpackNotices(empty, 3), undefined, "a stretch of none");
    assert.deepEqual(unpackNotices(new Uint8Array(0), 3), []);
  });

  it("keep a time of 0 and the last one to which any offset may be added [PULL-12]", () => {
    const most = 2 ** 53 - 1 - 2 ** 32;
    for (const [at, rows] of [
      [0, 1],
      [most, 1],
      [most + 1, 0],
    ] as const)
      assert.equal(unpackNotices(packNotices([{ ...stored(5), at }]).packed, 3)?.length, rows, String(at));
  });

  it("are less than 300 KB for 10,000 sessions [PULL-11]", () => {
    const parts = Array.from({ length: 5 }, (_, part) =>
      packNotices(Array.from({ length: 2000 }, (__, index) => stored(part * 2000 + index + 1))),
    );
    assert.ok(parts.reduce((sum, { packed }) => sum + packed.length, 0) < 300_000);
  });
});
