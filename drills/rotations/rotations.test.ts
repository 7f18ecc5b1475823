// The drill, small; and the broken variant that it has to catch.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rotateUnderLoad } from "./rotate-under-load.ts";

const small = { rotations: 8, verifiers: 2, sessions: 4, withoutOverlap: false };

test("no token is refused while keys are rotated under load [K-02] [KEY-13]", async () => {
  const { refused, codes, accepted, tokens } = await rotateUnderLoad(small);
  assert.deepEqual([refused, [...codes]], [0, []]);
  assert.ok(accepted > 8 * 60 && tokens > 8, `${accepted} verdicts on ${tokens} tokens`);
});

test("a key that goes as soon as it is retired takes its tokens with it, and the drill sees that [K-02] [KEY-13]", async () => {
  const { refused, codes } = await rotateUnderLoad({ ...small, withoutOverlap: true });
  assert.ok(refused > 0);
  assert.deepEqual([...codes], ["unknown_key"]);
});
