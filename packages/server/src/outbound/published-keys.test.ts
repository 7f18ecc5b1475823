// How long keys that a client publishes are believed, and how often they are asked for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fault } from "@hallpass/core";
import { keysFor } from "../testing/assertions.ts";
import { testClock } from "../testing/scene.ts";
import { createPublishedKeys, KEPT_MS, PAUSE_MS, type PublishedKeys } from "./published-keys.ts";

const one = await keysFor("ES256", "one");
const two = await keysFor("ES256", "two");
const URI = "https://client.example/jwks";

interface Stage {
  readonly clock: ReturnType<typeof testClock>;
  readonly published: PublishedKeys;
  readonly asked: () => number;
  /** What is fetched from now on; `down` for nothing. */
  readonly answer: (next: object | string) => void;
}

function stage(): Stage {
  const clock = testClock();
  let asked = 0;
  let now: object | string = { keys: [one.jwk] };
  const fetch = async (): Promise<string> => {
    asked += 1;
    if (now === "down") throw new Error("no");
    return typeof now === "string" ? now : JSON.stringify(now);
  };
  return {
    clock,
    published: createPublishedKeys({ clock, fetch }),
    asked: () => asked,
    answer: (next) => {
      now = next;
    },
  };
}

const kids = async (keys: Promise<readonly { readonly kid?: string }[]>): Promise<readonly unknown[]> =>
  (await keys).map(({ kid }) => kid);

const unavailable = (error: unknown): boolean => error instanceof Fault && error.code === "client_keys_unavailable";

test("a set is fetched once for all who ask, and again when its time is over [CAUTH-7]", async () => {
  const { clock, published, asked, answer } = stage();
  await Promise.all(Array.from({ length: 50 }, () => published.of(URI)));
  assert.equal(asked(), 1);
  answer({ keys: [two.jwk] });
  clock.advance(KEPT_MS - 1);
  assert.deepEqual(await kids(published.of(URI)), ["one"]);
  clock.advance(1);
  assert.deepEqual(await kids(published.of(URI)), ["two"]);
  assert.equal(asked(), 2);
});

test("an unknown key has us look again, and not more often than the pause allows [CAUTH-7]", async () => {
  const { clock, published, asked, answer } = stage();
  await published.of(URI);
  answer({ keys: [two.jwk] });
  for (let count = 0; count < 100; count += 1) assert.deepEqual(await kids(published.newerOf(URI)), ["one"]);
  assert.equal(asked(), 1);
  clock.advance(PAUSE_MS - 1);
  assert.deepEqual(await kids(published.newerOf(URI)), ["one"]);
  clock.advance(1);
  assert.deepEqual(await kids(published.newerOf(URI)), ["two"]);
  assert.deepEqual(await kids(published.of(URI)), ["two"]);
  assert.equal(asked(), 2);
});

describe("a client whose keys can't be had", () => {
  test("is not refused: nobody can know, and soon it is tried again [CAUTH-7]", async () => {
    const { clock, published, asked, answer } = stage();
    answer("down");
    for (let count = 0; count < 10; count += 1) await assert.rejects(published.of(URI), unavailable);
    assert.equal(asked(), 1);
    clock.advance(PAUSE_MS);
    answer({ keys: [one.jwk] });
    assert.deepEqual(await kids(published.of(URI)), ["one"]);
  });

  test("goes on with those that are known until their time is over, whatever strangers sign [CAUTH-7]", async () => {
    const { clock, published, answer } = stage();
    await published.of(URI);
    answer("down");
    clock.advance(PAUSE_MS);
    await assert.rejects(published.newerOf(URI), unavailable);
    clock.advance(KEPT_MS - PAUSE_MS - 1);
    assert.deepEqual(await kids(published.of(URI)), ["one"]);
    clock.advance(1);
    await assert.rejects(published.of(URI), unavailable);
  });
});

for (const [title, document] of [
  ["no JSON", "x"],
  ["no object", "[]"],
  ["no set", "{}"],
  ["a set that is none", '{"keys":{}}'],
  ["a member twice", '{"keys":[],"keys":[]}'],
] as const) {
  test(`a document that is ${title} is no answer [CAUTH-7]`, async () => {
    const { published, answer } = stage();
    answer(document);
    await assert.rejects(published.of(URI), unavailable);
  });
}

test("keys that can't be used are skipped, and private ones are not taken [CAUTH-7] [CAUTH-12]", async () => {
  const { published, answer } = stage();
  answer({ keys: [{ kty: "oct", k: "AAAA" }, { ...two.jwk, d: "AAAA" }, { kty: "EC" }, null, one.jwk] });
  assert.deepEqual(await kids(published.of(URI)), ["one"]);
});
