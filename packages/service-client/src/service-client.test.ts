// Tokens of a real server, on a clock that stands still.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { createServiceClient, OptionsError, TokenError } from "./index.ts";
import { type Stage, stage } from "./testing/stage.test.ts";

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function played(t: TestContext, ...how: Parameters<typeof stage>): Promise<Stage> {
  const made = await stage(...how);
  t.after(made.end);
  return made;
}

/** Until the wire was asked so often: what goes on aside has no promise to wait for. */
async function askedReaches(scene: Stage, count: number): Promise<void> {
  while (scene.asked() < count) await settled();
}

const unavailable = (status: number, retryAfter?: string) => (): Response =>
  new Response("busy", { status, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } });

async function failure(promise: Promise<unknown>): Promise<TokenError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TokenError);
  return error;
}

describe("a token", () => {
  test("that a hundred callers want at once is asked for once", async (t) => {
    const scene = await played(t);
    const tokens = await Promise.all(Array.from({ length: 100 }, () => scene.client.token()));
    assert.deepEqual([new Set(tokens).size, scene.asked()], [1, 1]);
    assert.equal(await scene.client.token(), tokens[0]);
    assert.equal(scene.asked(), 1);
  });

  test("is another one for another scope or resource, and the same one for another order of scopes", async (t) => {
    const scene = await played(t);
    const narrow = await scene.client.token({ scope: ["clients:read", "keys:read"] });
    assert.equal(await scene.client.token({ scope: ["keys:read", "clients:read"] }), narrow);
    assert.equal(scene.asked(), 1);
    assert.notEqual(await scene.client.token({ scope: ["keys:read"] }), narrow);
    await scene.client.token({ resource: "http://localhost:8026" });
    assert.equal(scene.asked(), 3);
  });

  test("is renewed beside its use from the instant that was drawn, and not before it", async (t) => {
    const scene = await played(t);
    const first = await scene.client.token();
    const due = Math.ceil(scene.lifetime() * 0.775);
    scene.clock.advance(due - 1);
    assert.equal(await scene.client.token(), first);
    assert.equal(scene.asked(), 1);
    scene.clock.advance(1);
    const early = await Promise.all(Array.from({ length: 100 }, () => scene.client.token()));
    assert.deepEqual(new Set(early), new Set([first]));
    while ((await scene.client.token()) === first) await settled();
    assert.equal(scene.asked(), 2);
  });

  test("goes on being handed out while its renewal fails, which is tried again only after the pause", async (t) => {
    const scene = await played(t);
    const first = await scene.client.token();
    scene.clock.advance(scene.lifetime() * 0.8);
    scene.say(unavailable(503, "20"));
    assert.equal(await scene.client.token(), first);
    await askedReaches(scene, 2);
    for (let turn = 0; turn < 5; turn += 1) await settled();
    for (let call = 0; call < 50; call += 1) assert.equal(await scene.client.token(), first);
    assert.equal(scene.asked(), 2);
    scene.clock.advance(20_499);
    assert.equal(await scene.client.token(), first);
    assert.equal(scene.asked(), 2);
    scene.clock.advance(1);
    scene.say(undefined);
    assert.equal(await scene.client.token(), first);
    while ((await scene.client.token()) === first) await settled();
    assert.equal(scene.asked(), 3);
  });

  test("is not handed out in the last ten seconds of its life", async (t) => {
    const scene = await played(t);
    const first = await scene.client.token();
    scene.clock.advance(scene.lifetime() - 10_001);
    scene.say(unavailable(503, "1"));
    assert.equal(await scene.client.token(), first);
    scene.say(undefined);
    await askedReaches(scene, 2);
    scene.clock.advance(1);
    assert.notEqual(await scene.client.token(), first);
  });

  test("ends when the wall clock says so, and does not live longer when it goes back", async (t) => {
    const scene = await played(t);
    const first = await scene.client.token();
    scene.clock.jumpWall(scene.lifetime());
    const second = await scene.client.token();
    assert.notEqual(second, first);
    scene.clock.jumpWall(-scene.lifetime() / 2);
    scene.clock.advance(scene.lifetime());
    assert.notEqual(await scene.client.token(), second);
    assert.equal(scene.asked(), 3);
  });
});

describe("an issuer that can't answer", () => {
  for (const status of [429, 500, 502, 503]) {
    test(`with ${status} is asked again after what its Retry-After says and a part of a second`, async (t) => {
      const scene = await played(t);
      const answers = [unavailable(status, "2"), undefined];
      scene.say(() => {
        const [first] = answers.splice(0, 1);
        scene.say(undefined);
        return first?.() ?? new Error("asked twice");
      });
      await scene.client.token();
      assert.deepEqual([scene.asked(), scene.rests], [2, [2500]]);
    });
  }

  test("with 429 because tokens are asked for too often is asked again when it said, and gets one then [RATE-10]", async (t) => {
    const scene = await played(t, { waitAtMostMs: 300_000 }, { client_token_limit: "3" });
    for (let other = 0; other < 3; other += 1) await scene.another().token();
    assert.match(await scene.client.token(), /^ey/);
    // A third of ten minutes, and half of the second over which clients are scattered.
    assert.deepEqual([scene.rests, scene.asked()], [[200_500], 5]);
  });

  test("without Retry-After is asked again after pauses that double", async (t) => {
    const scene = await played(t, { waitAtMostMs: 3000 });
    scene.say(unavailable(503));
    const error = await failure(scene.client.token());
    assert.deepEqual(scene.rests, [187.5, 375, 750, 1500]);
    assert.deepEqual([error.code, error.status, error.retryAfterMs], ["unavailable", 503, 3000]);
    assert.equal(scene.asked(), 5);
  });

  test("for longer than a call may wait is not asked by the calls that come meanwhile, for any scope", async (t) => {
    const scene = await played(t);
    scene.say(unavailable(429, new Date(scene.clock.now() + 60_000).toUTCString()));
    assert.equal((await failure(scene.client.token())).retryAfterMs, 60_500);
    const errors = await Promise.all(
      Array.from({ length: 100 }, () => failure(scene.client.token({ scope: ["keys:read"] }))),
    );
    assert.deepEqual(new Set(errors.map(({ status }) => status)), new Set([429]));
    assert.equal(scene.asked(), 1);
    scene.say(undefined);
    scene.clock.advance(60_500);
    await scene.client.token();
    assert.equal(scene.asked(), 2);
  });

  test("that names a day is asked again after five minutes", async (t) => {
    const scene = await played(t);
    scene.say(unavailable(503, "86400"));
    assert.equal((await failure(scene.client.token())).retryAfterMs, 300_500);
  });

  test("that is not there, or answers what is no token, is unavailable and not refusing", async (t) => {
    const scene = await played(t, { waitAtMostMs: 0 });
    const answers: readonly (() => Response | Error)[] = [
      () => new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }),
      () => new Response("<html>"),
      () => Response.json({ access_token: "a b", token_type: "Bearer", expires_in: 60 }),
      () => Response.json({ access_token: "a", token_type: "DPoP", expires_in: 60 }),
      () => Response.json({ access_token: "a", token_type: "Bearer" }),
      () => Response.json({ access_token: "a", token_type: "Bearer", expires_in: 0 }),
    ];
    const said: (string | undefined)[] = [];
    for (const answer of answers) {
      scene.say(answer);
      const { code, error } = await failure(scene.client.token());
      assert.equal(code, "unavailable");
      said.push(error);
      scene.clock.advance(60_000);
    }
    assert.deepEqual(said, ["ECONNREFUSED", ...Array.from({ length: 5 }, () => "unreadable_answer")]);
  });
});

describe("a refusal", () => {
  test("is told at once with the issuer's code, never with the secret, and repeated for five seconds unasked", async (t) => {
    const scene = await played(t);
    const wrong = scene.secret.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    const client = scene.another({ clientSecret: wrong });
    const error = await failure(client.token());
    assert.deepEqual([error.code, error.status, error.error], ["refused", 401, "invalid_client"]);
    for (const text of [inspect(error, { depth: 9 }), inspect(client, { depth: 9 }), JSON.stringify(error)])
      assert.equal(text.includes(wrong) || text.includes(btoa(`operator:${wrong}`)), false);
    await failure(client.token());
    scene.clock.advance(4999);
    await failure(client.token());
    assert.deepEqual([scene.asked(), scene.rests], [1, []]);
    scene.clock.advance(1);
    await failure(client.token());
    assert.equal(scene.asked(), 2);
  });

  test("of one scope says nothing of another", async (t) => {
    const scene = await played(t);
    const error = await failure(scene.client.token({ scope: ["no:such"] }));
    assert.deepEqual([error.code, error.error], ["refused", "invalid_scope"]);
    await scene.client.token({ scope: ["keys:read"] });
  });
});

describe("before anything is sent", () => {
  test("options are refused all at once, and no value stands in the error", () => {
    const options = { issuer: "http://auth.example", clientId: "", clientSecret: "s3cret\n", waitAtMostMs: -1, x: 1 };
    assert.throws(
      () => createServiceClient(options),
      (error: unknown) =>
        error instanceof OptionsError && error.problems.length === 5 && !error.message.includes("s3cret"),
    );
    for (const issuer of ["https://auth.example", "https://auth.example/t/a", "http://localhost:8026"])
      createServiceClient({ issuer, clientId: "a", clientSecret: "b" });
  });

  test("requests that name no scope or no resource are refused", async (t) => {
    const scene = await played(t);
    for (const request of [{ scope: [] }, { scope: ["a", "a"] }, { scope: ["a b", "b"] }, { resource: "/orders" }])
      await assert.rejects(scene.client.token(request), OptionsError);
    assert.throws(() => scene.client.fetchFor({ resource: "https://a.example/#b" }), OptionsError);
    assert.equal(scene.asked(), 0);
  });
});

describe("a fetch", () => {
  const body = JSON.stringify({ token: "none" });

  test("after a 401 with invalid_token is sent once more with another token and the same body", async (t) => {
    const scene = await played(t);
    const first = await scene.client.token();
    scene.clock.advance(5000);
    assert.equal(await scene.post("/oauth2/revoke", first, {}), 200);
    const call = scene.client.fetchFor();
    const headers = { "content-type": "application/json", "idempotency-key": "k-1" };
    const client = { client_id: "made", token_endpoint_auth_method: "none", grant_types: ["refresh_token"] };
    const response = await call(`${scene.url}/v1/clients`, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...client, scope: "read", audiences: ["https://api.example"] }),
    });
    assert.equal(response.status, 201, await response.text());
    assert.equal(scene.asked(), 2);
    assert.notEqual(await scene.client.token(), first);
  });

  test("is not sent again for a token that is younger than five seconds, nor for another 401 or a 403", async (t) => {
    const scene = await played(t);
    const first = await scene.client.token();
    assert.equal(await scene.post("/oauth2/revoke", first, {}), 200);
    scene.clock.advance(4999);
    const list = (): Promise<Response> => scene.client.fetchFor()(`${scene.url}/v1/clients`);
    assert.equal((await list()).status, 401);
    assert.equal(scene.asked(), 1);
    scene.clock.advance(1);
    assert.equal((await list()).status, 200);
    const narrow = scene.client.fetchFor({ scope: ["keys:read"] });
    assert.equal((await narrow(`${scene.url}/v1/clients`)).status, 403);
    assert.equal((await narrow(`${scene.url}/oauth2/introspect`, { method: "POST", body })).status >= 400, true);
    assert.equal(scene.asked(), 3);
  });

  test("takes a challenge in the time that its length needs, whatever the resource writes into it [NB-45]", async (t) => {
    const scene = await played(t);
    let challenge = "Basic";
    const resource = createServer(
      (_, response) => void response.writeHead(401, [["www-authenticate", challenge]]).end(),
    );
    t.after(() => resource.close());
    await new Promise<void>((resolve) => resource.listen(0, "127.0.0.1", resolve));
    const { port } = resource.address() as AddressInfo;
    const call = (): Promise<Response> => scene.client.fetchFor()(`http://127.0.0.1:${port}/`);
    assert.equal((await call()).status, 401);
    challenge = "bearer ".repeat(2200);
    const before = process.cpuUsage();
    for (let count = 0; count < 100; count += 1) assert.equal((await call()).status, 401);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 1_500_000, `${user} microseconds`);
    assert.equal(scene.asked(), 1);
  });

  test("gives back the 401 itself when no other token is to be had", async (t) => {
    const scene = await played(t, { waitAtMostMs: 0 });
    const first = await scene.client.token();
    scene.clock.advance(5000);
    assert.equal(await scene.post("/oauth2/revoke", first, {}), 200);
    scene.say(unavailable(503));
    const response = await scene.client.fetchFor()(`${scene.url}/v1/clients`);
    assert.equal(response.status, 401);
    assert.notEqual(await response.text(), "");
  });
});
