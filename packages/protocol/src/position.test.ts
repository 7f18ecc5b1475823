import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { comparePositions, formatPosition, isBefore, type Position, parsePosition } from "./position.ts";

const TOP = Number.MAX_SAFE_INTEGER;
const position = fc.record(
  {
    epoch: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: TOP })),
    seq: fc.oneof(fc.nat(3), fc.maxSafeNat()),
  },
  { noNullPrototype: true },
);

describe("a position", () => {
  it("is written and read in one way [POS-1]", () => {
    fc.assert(fc.property(position, (pos) => assert.deepEqual(parsePosition(formatPosition(pos)), pos)));
    assert.equal(formatPosition({ epoch: 1, seq: 42 }), "1.42");
    assert.deepEqual(parsePosition(`${TOP}.${TOP}`), { epoch: TOP, seq: TOP });
    assert.deepEqual(parsePosition("1.0"), { epoch: 1, seq: 0 });
  });

  const refused = [
    "",
    ".",
    "1",
    "1.",
    ".1",
    "0.1",
    "01.1",
    "1.01",
    "1.00",
    "+1.1",
    "-1.1",
    "1.-1",
    "1.1.1",
    "1.1.",
    " 1.1",
    "1.1 ",
    "1.1\n",
    "1e3.1",
    "1.1e3",
    "0x1.1",
    "1,1",
    "１.1",
    `1.${TOP + 1}`,
    `${TOP + 1}.1`,
    "99999999999999999.1",
    `1.${"9".repeat(1000)}`,
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text.slice(0, 24))} [POS-1]`, () => assert.equal(parsePosition(text), undefined));
  }

  it("that any text is read as is the one that the text writes [POS-1]", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9.]{1,8}$/), (text) => {
        const pos = parsePosition(text);
        if (pos !== undefined) assert.equal(formatPosition(pos), text);
      }),
    );
  });

  it("comes before another by its epoch, and then by its seq [POS-2]", () => {
    const order = ["1.0", "1.1", "1.9", "1.10", "2.0", "2.1", "10.0"].map((text) => parsePosition(text));
    for (const [i, a] of order.entries()) {
      for (const [j, b] of order.entries()) {
        if (a === undefined || b === undefined) throw new Error("malformed");
        assert.equal(Math.sign(comparePositions(a, b)), Math.sign(i - j));
        assert.equal(isBefore(a, b), i < j);
      }
    }
  });

  it("has a total order: never both ways, and never in a circle [POS-2]", () => {
    const sign = (a: Position, b: Position): number => Math.sign(comparePositions(a, b));
    fc.assert(
      fc.property(position, position, position, (a, b, c) => {
        assert.equal(sign(a, b) + sign(b, a), 0);
        assert.equal(sign(a, b) === 0, formatPosition(a) === formatPosition(b));
        if (isBefore(a, b) && isBefore(b, c)) assert.ok(isBefore(a, c));
      }),
    );
  });
});
