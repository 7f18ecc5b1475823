// A log whose reader is gone, slow, or has no place left.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GatheredOutput } from "./gathered-output.ts";

/** Takes what `room` says, a write after the other; then it fails with the code. */
function reader(code: string): { readonly output: GatheredOutput; readonly took: () => string; room: number } {
  let text = "";
  const to = {
    room: Number.MAX_SAFE_INTEGER,
    took: () => text,
    output: new GatheredOutput(
      (bytes) => {
        if (to.room === 0) throw Object.assign(new Error(code), { code });
        const some = bytes.subarray(0, Math.min(to.room, bytes.length));
        to.room -= some.length;
        text += Buffer.from(some).toString();
        return some.length;
      },
      (lines) => `lost ${lines}\n`,
    ),
  };
  return to;
}

const line = (n: number, length = 40): string => `${String(n).padEnd(length - 1, "-")}\n`;

test("lines are gathered, and all of them are there in order after a flush, however little is taken at a time", () => {
  const to = reader("EAGAIN");
  to.output.write(line(1));
  assert.equal(to.took(), "");
  to.output.write(line(2));
  to.output.flushSync();
  assert.equal(to.took(), line(1) + line(2));
  for (let n = 0; n < 400; n += 1) to.output.write(line(n));
  assert.equal(to.took().length, 80 + 400 * 40);
});

for (const code of ["EPIPE", "ENOSPC", "EIO"]) {
  test(`${code} loses the lines that wait, ends the flush, and keeps nobody from writing the next ones on a line of their own`, () => {
    const to = reader(code);
    to.room = 10;
    to.output.write(line(1));
    to.output.flushSync();
    to.room = 0;
    to.output.write(line(2));
    to.output.flushSync();
    to.room = Number.MAX_SAFE_INTEGER;
    to.output.write(line(3));
    to.output.flushSync();
    // Of the first line the beginning was taken; the newline ends it.
    assert.equal(to.took(), `${line(1).slice(0, 10)}\nlost 2\n${line(3)}`);
    assert.equal(to.output.lostLines(), 2);
  });
}

test("a reader that takes nothing now gets everything later, from where it stopped", () => {
  const to = reader("EAGAIN");
  to.room = 10;
  to.output.write(line(1));
  to.output.flushSync();
  to.output.write(line(2));
  to.output.flushSync();
  assert.equal(to.took(), line(1).slice(0, 10));
  to.room = Number.MAX_SAFE_INTEGER;
  to.output.flushSync();
  assert.equal(to.took(), line(1) + line(2));
});

test("what waits for a reader that takes nothing is bounded; whoever reads again gets whole lines, and in the gap how many are missing", () => {
  const to = reader("EAGAIN");
  to.room = 10;
  for (let n = 0; n < 40; n += 1) to.output.write(line(n, 100_000));
  to.room = Number.MAX_SAFE_INTEGER;
  to.output.flushSync();
  to.output.write(line(7));
  to.output.flushSync();
  const taken = Math.floor(1_048_576 / 100_000);
  const whole = Array.from({ length: taken }, (_, n) => line(n, 100_000)).join("");
  assert.equal(to.took(), `${whole}lost ${40 - taken}\n${line(7)}`);
  assert.equal(to.output.lostLines(), 40 - taken);
});

test("once a line is lost so are those after it until the reader goes on: there is one gap, and it is counted once", () => {
  const to = reader("EAGAIN");
  to.room = 0;
  to.output.write(line(0, 1_000_000));
  to.output.write(line(1, 100_000));
  to.output.write(line(2, 20_000));
  to.room = 1_000_000;
  to.output.flushSync();
  assert.equal(to.took(), line(0, 1_000_000));
  to.output.write(line(3));
  to.output.flushSync();
  assert.equal(to.output.lostLines(), 2, "the line that tells it waits, and those after it wait behind");
  to.room = 3;
  to.output.flushSync();
  to.room = Number.MAX_SAFE_INTEGER;
  to.output.write(line(4));
  to.output.flushSync();
  assert.equal(to.took(), `${line(0, 1_000_000)}lost 2\n${line(3)}${line(4)}`);
});

test("a reader that is gone again before it is told of the loss is told of all of it later", () => {
  const to = reader("EPIPE");
  to.room = 0;
  for (const n of [1, 2, 3]) {
    to.output.write(line(n));
    to.output.flushSync();
  }
  assert.equal(to.output.lostLines(), 3);
  to.room = Number.MAX_SAFE_INTEGER;
  to.output.write(line(4));
  to.output.flushSync();
  assert.equal(to.took(), `lost 3\n${line(4)}`);
  assert.equal(to.output.lostLines(), 3);
});
