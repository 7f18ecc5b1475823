// Who may fail how often, and who is not stopped by it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ClientId } from "@hallpass/core";
import { testClock } from "../testing/scene.ts";
import { type AuthenticationLimit, createAuthenticationLimit, networkOf, sourceOf } from "./authentication-limit.ts";

const client = "orders" as ClientId;
const HERE = "192.0.2.1";

function played(limit: number | "off" = 3): {
  readonly limit: AuthenticationLimit;
  readonly pass: (ms: number) => void;
} {
  const clock = testClock();
  return { limit: createAuthenticationLimit(clock, limit), pass: (ms) => clock.advance(ms) };
}

function fail(
  { limit }: ReturnType<typeof played>,
  times: number,
  id: ClientId = client,
  address: string | null = HERE,
): void {
  for (let time = 0; time < times; time += 1) limit.failed(id, address);
}

describe("one client from one address", () => {
  test("may fail as often as the limit says, and then waits for the next part of the minute [RATE-7] [E-15]", () => {
    const scene = played();
    fail(scene, 2);
    assert.equal(scene.limit.wait(client, HERE), 0);
    fail(scene, 1);
    assert.equal(scene.limit.wait(client, HERE), 20_000);
    scene.pass(19_999);
    assert.equal(scene.limit.wait(client, HERE), 1);
    scene.pass(1);
    assert.equal(scene.limit.wait(client, HERE), 0);
  });

  test("stops neither another client there nor itself elsewhere [RATE-7] [E-15]", () => {
    const scene = played();
    fail(scene, 100);
    assert.equal(scene.limit.wait("billing" as ClientId, HERE), 0);
    assert.equal(scene.limit.wait(client, "192.0.2.2"), 0);
  });

  test("waits no longer for having tried on meanwhile", () => {
    const scene = played();
    fail(scene, 1000);
    scene.pass(20_000);
    assert.equal(scene.limit.wait(client, HERE), 0);
  });
});

test("few tries in many names are stopped at their address, unknown names or not [RATE-7] [E-15]", () => {
  const scene = played();
  for (let name = 0; name < 30; name += 1) fail(scene, 1, `name-${name}` as ClientId);
  assert.equal(scene.limit.wait(client, HERE), 2000);
  assert.equal(scene.limit.wait(client, "192.0.2.2"), 0);
});

test("tries in one name from many addresses are stopped for addresses that the client never had [RATE-7] [RATE-8] [E-15]", () => {
  const scene = played();
  scene.limit.succeeded(client, "203.0.113.7");
  for (let host = 1; host <= 30; host += 1) fail(scene, 1, client, `198.51.100.${host}`);
  assert.equal(scene.limit.wait(client, "198.51.100.200"), 2000);
  assert.equal(scene.limit.wait(client, "203.0.113.7"), 0);
  assert.equal(scene.limit.wait(client, "203.0.113.200"), 0, "another machine of the same network");
});

test("where it was right lately it is looked at, and a wrong one is told to wait all the same [RATE-8]", () => {
  const scene = played();
  scene.limit.succeeded(client, HERE);
  fail(scene, 3);
  assert.equal(scene.limit.wait(client, HERE), 0);
  assert.equal(scene.limit.failed(client, HERE), 20_000);
});

test("addresses that nobody knows are one address [RATE-9]", () => {
  const scene = played();
  fail(scene, 3, client, null);
  assert.equal(scene.limit.wait(client, null), 20_000);
  assert.equal(scene.limit.wait(client, HERE), 0);
});

test("an IPv6 address counts by its first 64 bits, its network by 48 [RATE-9]", () => {
  assert.equal(sourceOf("2001:db8:1:2:3:4:5:6"), sourceOf("2001:db8:1:2::9"));
  assert.notEqual(sourceOf("2001:db8:1:2::9"), sourceOf("2001:db8:1:3::9"));
  assert.equal(sourceOf("2001:db8::9"), "2001:db8:0:0");
  assert.equal(sourceOf("::1"), "0:0:0:0");
  assert.equal(networkOf("2001:db8:1:2::9"), "2001:db8:1");
  assert.equal(networkOf("192.0.2.1"), "192.0.2");
});

test("off limits nothing", () => {
  const scene = played("off");
  fail(scene, 1000);
  assert.equal(scene.limit.wait(client, HERE), 0);
  assert.equal(scene.limit.failed(client, HERE), 0);
});

test("names and addresses that are made up take no more memory than is set aside [RATE-11]", () => {
  const scene = played();
  for (let one = 0; one < 50_000; one += 1) {
    const name = `name-${one}` as ClientId;
    const address = `198.${18 + (one >> 16)}.${(one >> 8) & 255}.${one & 255}`;
    scene.limit.succeeded(name, address);
    fail(scene, 1, name, address);
  }
  // The first were forgotten, the last were not.
  fail(scene, 3, "name-49999" as ClientId, "203.0.113.1");
  assert.equal(scene.limit.wait("name-49999" as ClientId, "203.0.113.1"), 20_000);
  fail(scene, 3, "name-0" as ClientId, "198.18.0.0");
  assert.equal(scene.limit.wait("name-0" as ClientId, "198.18.0.0"), 20_000);
});
