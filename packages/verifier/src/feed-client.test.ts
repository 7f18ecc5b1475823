// Whoever keeps the connection: where it connects, which bearer it shows, when it comes back, and that it ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { platformCrypto } from "./platform-crypto.ts";
import type { FeedBearer, OpenConnection, Ports } from "./ports.ts";
import { settled, TestClock } from "./testing/test-clock.ts";
import { createVerifierOn, type Verifier } from "./verifier.ts";

interface Stage {
  readonly clock: TestClock;
  readonly verifier: Verifier;
  readonly opened: OpenConnection[];
  readonly waits: number[];
  /** How often a bearer was fetched. */
  readonly fetched: () => number;
}

function stage(issuer = "https://auth.example", fetchToken?: () => Promise<FeedBearer>): Stage {
  const clock = new TestClock();
  const opened: OpenConnection[] = [];
  const waits: number[] = [];
  let count = 0;
  const ports: Ports = {
    clock,
    // The highest roll of the dice: the longest wait.
    dice: { bytes: (length) => new Uint8Array(length).fill(255) },
    scheduler: { after: (ms, task) => clock.after((waits.push(ms), ms), task) },
    crypto: platformCrypto(),
    connect: (open) => {
      opened.push(open);
      return { send: () => undefined, close: () => undefined };
    },
    fetchToken: () => {
      count += 1;
      return fetchToken === undefined
        ? Promise.resolve({ token: `t${count}`, expiresAt: clock.now() + 600_000 })
        : fetchToken();
    },
  };
  const verifier = createVerifierOn(ports, { issuer, audience: "https://api.example" });
  return { clock, verifier, opened, waits, fetched: () => count };
}

test("the feed stands under the issuer, whether that ends with a slash or not, and over TLS where it does [CONN-1]", async () => {
  for (const [issuer, url] of [
    ["https://auth.example", "wss://auth.example/v1/feed"],
    ["https://auth.example/", "wss://auth.example/v1/feed"],
    ["https://auth.example/http", "wss://auth.example/http/v1/feed"],
    ["http://localhost:8080", "ws://localhost:8080/v1/feed"],
  ] as const) {
    const { verifier, opened } = stage(issuer);
    await settled();
    assert.deepEqual(
      opened.map((one) => one.url),
      [url],
    );
    verifier.close();
  }
});

test("a drained connection comes back with the bearer it had, and any other with a fresh one [CONN-1] [CONN-5]", async () => {
  for (const [code, tokens] of [
    [1012, ["t1", "t1"]],
    [1006, ["t1", "t2"]],
    [4401, ["t1", "t2"]],
  ] as const) {
    const { clock, verifier, opened } = stage();
    await settled();
    opened[0]?.onClose(code);
    await clock.advance(1000);
    assert.deepEqual(
      opened.map(({ token }) => token),
      tokens,
    );
    assert.equal(verifier.metrics().feedConnects, 2);
    verifier.close();
  }
});

test("being drained is no failed attempt: the next wait is as short as the first [CONN-5]", async () => {
  const { clock, verifier, opened, waits } = stage();
  await settled();
  for (const [index, [code, longest]] of (
    [
      [1012, 1000],
      [1012, 1000],
      [1006, 250],
      [1006, 500],
    ] as const
  ).entries()) {
    opened[index]?.onClose(code);
    const wait = waits.at(-1) ?? 0;
    assert.ok(wait < longest && wait >= longest - 1, `${wait} of ${longest}`);
    await clock.advance(longest);
  }
  verifier.close();
});

test("a verifier that is closed while it waits asks for no bearer any more [CONN-5]", async () => {
  const { clock, verifier, opened, fetched } = stage();
  await settled();
  opened[0]?.onClose(1006);
  verifier.close();
  await clock.advance(60_000);
  assert.deepEqual([fetched(), opened.length], [1, 1]);
});

test("a bearer that comes after the verifier was closed opens no connection, and one that does not come is not asked for again [CONN-5]", async () => {
  for (const late of [async () => ({ token: "t" }), () => Promise.reject(new Error("down"))]) {
    const gate = Promise.withResolvers<void>();
    const { clock, verifier, opened, waits, fetched } = stage(undefined, () => gate.promise.then(late));
    verifier.close();
    const before = waits.length;
    gate.resolve();
    await clock.advance(60_000);
    assert.deepEqual([opened.length, waits.length, fetched()], [0, before, 1]);
    assert.equal(verifier.metrics().feedConnects, 0);
  }
});
