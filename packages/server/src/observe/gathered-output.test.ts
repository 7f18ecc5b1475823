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
    output: new GatheredOutput((bytes) => {
      if (to.room === 0) throw Object.assign(new Error(code), { code });
      const some = bytes.subarray(0, Math.min(to.room, bytes.length));
      to.room -= some.length;
      text += Buffer.from(some).toString();
      return some.length;
    }),
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
    assert.ok(to.took().endsWith(line(3)));
    for (const whole of to.took().split("\n").slice(1)) assert.ok(whole === "" || `${whole}\n` === line(3));
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

test("what waits for a reader that takes nothing is bounded, and whoever reads again gets whole lines", () => {
  const to = reader("EAGAIN");
  to.room = 10;
  for (let n = 0; n < 40; n += 1) to.output.write(line(n, 100_000));
  to.room = Number.MAX_SAFE_INTEGER;
  to.output.flushSync();
  to.output.write(line(7));
  to.output.flushSync();
  assert.ok(to.took().length < 2_000_000);
  assert.ok(to.took().endsWith(line(7)));
});
