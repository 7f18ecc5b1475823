import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Journey, journey } from "../testing/journey.ts";
import type { Received, Sent } from "../testing/scene.ts";
import { scene } from "../testing/scene.ts";

const N = "kq3ZyVZ7Q0yT9n1m2b3c4Q";

function framesOf(instance = "fn-1", stats: object = {}): string {
  const hello = { type: "hello", feed: 1, instance, service: "functions", region: "eu", version: "v/1", after: null };
  const rest = { max_staleness_ms: 60_000, on_stale: "unavailable" };
  return [
    { ...hello, ...rest },
    { type: "ping", n: N, applied: "1.0", keys: 0, stats },
  ]
    .map((frame) => JSON.stringify(frame))
    .join("\n");
}

function pull(body: Sent["body"] = framesOf(), headers: Sent["headers"] = {}): Sent {
  return {
    method: "POST",
    path: "/v1/feed",
    headers: { "content-type": "application/x-ndjson", "accept-encoding": "identity", ...headers },
    ...(body === undefined ? {} : { body }),
  };
}

async function travel(t: TestContext): Promise<Journey> {
  const travelling = await journey();
  t.after(() => travelling.end());
  return travelling;
}

const codeOf = ({ status, json }: Received): unknown[] => [status, json["code"]];

test("a pull is answered with the frames and the head that its n asked for, and nobody may keep it [PULL-2] [PULL-3]", async (t) => {
  const { operate } = await travel(t);
  const { status, headers, text } = await operate(pull());
  assert.equal(status, 200, text);
  const frames = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  assert.deepEqual(
    frames.map(({ type }) => type),
    ["welcome", "keys", "snapshot", "head"],
  );
  assert.equal(frames.at(-1)?.["n"], N);
  assert.deepEqual(
    ["cache-control", "content-type", "vary", "content-encoding"].map((name) => headers.get(name)),
    ["no-store", "application/x-ndjson", "accept, accept-encoding", null],
  );
});

test("a pull that accepts gzip gets the same, compressed [PULL-10]", async (t) => {
  const { operate } = await travel(t);
  const { headers, text } = await operate(pull(framesOf(), { "accept-encoding": "gzip" }));
  assert.equal(headers.get("content-encoding"), "gzip");
  assert.equal(text.trimEnd().split("\n").length, 4);
});

test("a pull that accepts packed frames gets them, and says so [PULL-11]", async (t) => {
  const { operate } = await travel(t);
  const accept = "application/vnd.hallpass.frames, application/x-ndjson";
  const { status, headers, text } = await operate(pull(framesOf(), { accept, "accept-encoding": "gzip" }));
  assert.equal(status, 200);
  assert.deepEqual(
    ["cache-control", "content-type", "vary", "content-encoding"].map((name) => headers.get(name)),
    ["no-store", "application/vnd.hallpass.frames", "accept, accept-encoding", null],
  );
  assert.ok(text.startsWith("HPF\u0001"));
});

test("a pull without a bearer, with a wrong one, with a session's, or without the scope is refused, and no row is written [PULL-2] [CONN-1]", async (t) => {
  const { send, operate, signIn } = await travel(t);
  assert.deepEqual(codeOf(await send(pull())), [401, "bearer_missing"]);
  assert.deepEqual(codeOf(await send(pull(framesOf(), { authorization: "Bearer x.y.z" }))), [401, "bearer_refused"]);
  const { access } = await signIn();
  assert.deepEqual(codeOf(await send(pull(framesOf(), { authorization: `Bearer ${access}` }))), [
    401,
    "bearer_refused",
  ]);
  const other = await scene();
  const authorization = `Bearer ${await other.bearer("sessions:read")}`;
  assert.deepEqual(codeOf(await other.send(pull(framesOf(), { authorization }))), [403, "scope_missing"]);
  assert.deepEqual((await operate({ path: "/v1/verifiers" })).json["verifiers"], []);
});

test("a pull of another type, or of no frames, is refused, and no row is written [PULL-1] [F-13]", async (t) => {
  const { operate } = await travel(t);
  for (const type of ["application/json", "text/plain", "application/x-ndjson; charset=latin1"]) {
    assert.deepEqual(codeOf(await operate(pull(framesOf(), { "content-type": type }))), [415, "frames_required"], type);
  }
  const bad = ["", "{}", framesOf().replace("hello", "hallo"), `${framesOf()}\n${framesOf()}`];
  for (const body of [...bad, Buffer.from(framesOf().replace("eu", "\xff"), "latin1")]) {
    assert.deepEqual(codeOf(await operate(pull(body))), [400, "frames_malformed"], String(body).slice(0, 40));
  }
  assert.deepEqual((await operate({ path: "/v1/verifiers" })).json["verifiers"], []);
});

test("a server without a feed has nothing to pull [PULL-2]", async () => {
  const without = await scene();
  const authorization = `Bearer ${await without.bearer()}`;
  assert.deepEqual(codeOf(await without.send(pull(framesOf(), { authorization }))), [404, "route_unknown"]);
});

test("a verifier that pulls stands in the fleet with what it reports, and in receipts with its bound [PULL-9] [RCP-3] [RCP-6]", async (t) => {
  const { operate, signIn } = await travel(t);
  await operate(pull(framesOf("fn-7", { accepted: 12, late_accepts: 1 })));
  const { sid } = await signIn();
  const receipt = await operate({ method: "POST", path: `/v1/sessions/${sid}/end` });
  assert.equal(receipt.status, 200, receipt.text);
  const { fleet, services } = receipt.json as {
    readonly fleet: object;
    readonly services: readonly {
      readonly service: string;
      readonly silent: readonly { readonly instance: string; readonly refuses_by_ms: number }[];
    }[];
  };
  assert.deepEqual(fleet, { verifiers: 1, enforced: 0, waiting: 1, no_bound: 0 });
  assert.deepEqual(
    services.map(({ service, silent }) => [service, silent[0]?.instance]),
    [["functions", "fn-7"]],
  );
  const { verifiers } = (await operate({ path: "/v1/verifiers" })).json as {
    readonly verifiers: readonly Readonly<Record<string, unknown>>[];
  };
  assert.deepEqual(
    verifiers.map(({ instance, connected, region, stats }) => ({ instance, connected, region, stats })),
    [{ instance: "fn-7", connected: false, region: "eu", stats: { accepted: 12, late_accepts: 1 } }],
  );
});
