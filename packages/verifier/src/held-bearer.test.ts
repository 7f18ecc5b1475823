import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldBearer } from "./held-bearer.ts";
import type { FeedBearer, Ports } from "./ports.ts";
import { TestClock } from "./testing/test-clock.ts";

function held(lifeMs: number | undefined) {
  const clock = new TestClock();
  let count = 0;
  const fetchToken = async (sent?: () => void): Promise<FeedBearer> => {
    count += 1;
    sent?.();
    return { token: `t${count}`, ...(lifeMs === undefined ? {} : { expiresAt: clock.now() + lifeMs }) };
  };
  const bearer = new HeldBearer({ clock, fetchToken } as unknown as Ports);
  return { clock, bearer, token: async () => (await bearer.fresh()).token };
}

test("a bearer is kept while it has more than half a minute left, and not at half a minute [CONN-1]", async () => {
  const { clock, token } = held(600_000);
  assert.equal(await token(), "t1");
  await clock.advance(569_999);
  assert.equal(await token(), "t1");
  await clock.advance(1);
  assert.equal(await token(), "t2");
});

test("a bearer that says no time is good for one use [CONN-1]", async () => {
  const { token } = held(undefined);
  assert.deepEqual([await token(), await token()], ["t1", "t2"]);
});

test("a bearer that was dropped is not shown again, however fresh [CONN-1]", async () => {
  const { bearer, token } = held(600_000);
  assert.equal(await token(), "t1");
  bearer.drop();
  assert.equal(await token(), "t2");
});

test("only whoever has to wait for a bearer is told that the question is on its way", async () => {
  const { bearer } = held(600_000);
  let told = 0;
  await bearer.fresh(() => (told += 1));
  await bearer.fresh(() => (told += 1));
  assert.equal(told, 1);
});
