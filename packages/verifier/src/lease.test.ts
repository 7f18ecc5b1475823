import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeadFrame, Position } from "@hallpass/protocol";
import { ageOf, Lease, leftOf, Pings, weighHead } from "./lease.ts";

const at = (seq: number, epoch = 1): Position => ({ epoch, seq });
const head = (pos: Position, keys = 7): HeadFrame => ({ type: "head", n: "n", pos, keys, time: 0 });
const ping = (applied: Position) => ({ at: { wall: 0, mono: 0 }, applied });
const weigh = (pos: Position, keys: number, sentAt: Position, applied: Position, held = 7): string =>
  weighHead(head(pos, keys), ping(sentAt), { at: applied, keys: held });

test("a head grants when everything up to it was applied, in the same epoch, with at least its keys [LEASE-1]", () => {
  assert.equal(weigh(at(42), 7, at(42), at(42)), "granted");
  assert.equal(weigh(at(42), 7, at(42), at(43)), "granted", "more was applied since");
  assert.equal(weigh(at(42), 6, at(42), at(42)), "granted", "newer keys than the head names");
  assert.equal(weigh(at(43), 7, at(42), at(42)), "behind");
  assert.equal(weigh(at(42), 8, at(42), at(42)), "behind");
  assert.equal(weigh(at(43, 2), 7, at(42), at(42)), "gap", "an epoch that was not applied");
  assert.equal(weigh(at(42, 1), 7, at(42, 2), at(42, 2)), "went_back", "an older epoch");
});

test("a head before what the ping had applied proves that the server went back [LEASE-1] [F-10]", () => {
  assert.equal(weigh(at(41), 7, at(42), at(42)), "went_back");
  assert.equal(weigh(at(41), 7, at(41), at(42)), "granted", "the ping was sent before 42 was applied");
  assert.equal(weigh(at(42, 1), 7, at(42, 1), at(43, 2)), "went_back", "an epoch was entered since the ping");
});

test("a nonce counts once, and only where it was sent [LEASE-2] [F-12]", () => {
  const here = new Pings();
  here.sent("n1", ping(at(1)));
  assert.equal(new Pings().take("n1"), undefined);
  assert.notEqual(here.take("n1"), undefined);
  assert.equal(here.take("n1"), undefined);
  assert.equal(weighHead(head(at(1)), undefined, { at: at(1), keys: 7 }), "nothing");
});

test("unanswered pings are bounded", () => {
  const pings = new Pings();
  for (let n = 0; n < 1000; n += 1) pings.sent(`n${n}`, ping(at(1)));
  assert.equal(pings.take("n935"), undefined);
  assert.notEqual(pings.take("n936"), undefined);
  assert.notEqual(pings.take("n999"), undefined);
});

test("age is the larger of both clocks' spans, times 1.001 [LEASE-3]", () => {
  const sent = { wall: 1_000_000, mono: 5000 };
  assert.equal(ageOf(sent, 1_001_000, 6000), 1001);
  assert.equal(ageOf(sent, 1_002_000, 6000), 2002);
  assert.equal(ageOf(sent, 1_001_000, 7000), 2002);
});

test("a wall clock that runs back leaves the monotonic one; one that jumps ahead ages the view [LEASE-3] [F-26]", () => {
  const sent = { wall: 1_000_000, mono: 5000 };
  const day = 86_400_000;
  assert.equal(ageOf(sent, 1_000_000 - day, 6000), 1001);
  assert.ok(ageOf(sent, 1_000_000 + day, 6000) > day);
});

test("a monotonic clock that goes back, or no number at all, is no age to rely on [LEASE-3]", () => {
  assert.equal(ageOf({ wall: 0, mono: 10 }, 0, 9), Number.POSITIVE_INFINITY);
  assert.equal(ageOf({ wall: 0, mono: 0 }, Number.NaN, 1), Number.POSITIVE_INFINITY);
});

test("a lease is replaced only by one that ends later, and ends when it is ended [LEASE-7]", () => {
  const lease = new Lease();
  assert.equal(lease.age(0, 0), Number.POSITIVE_INFINITY);
  lease.grant({ wall: 2000, mono: 2000 });
  lease.grant({ wall: 1500, mono: 2000 });
  lease.grant({ wall: 1000, mono: 1000 });
  assert.equal(lease.age(3000, 3000), 1001);
  lease.end();
  assert.equal(lease.age(3000, 3000), Number.POSITIVE_INFINITY);
});

test("what is left of a lease is rounded down and never below nothing", () => {
  assert.equal(leftOf(0, 60_000), 59_940);
  assert.equal(leftOf(60_000, 60_000), 0);
  assert.equal(leftOf(Number.POSITIVE_INFINITY, 60_000), 0);
});
