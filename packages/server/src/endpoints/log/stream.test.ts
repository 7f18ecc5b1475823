// The log as an open stream: what stands in its lines, when it ends and where the next one goes on.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type ClientId, EVERYTHING, Fault, fact, record } from "@hallpass/core";
import { createHallpass } from "../../hallpass.ts";
import type { Services } from "../../services.ts";
import { type Scene, type SceneOptions, scene } from "../../testing/scene.ts";
import { twoTenants } from "../../testing/two-tenants.ts";
import { openPage } from "../page-cursors.ts";
import { BEAT_EVERY } from "./stream.ts";

type Line = {
  readonly kind?: string;
  readonly session?: string | null;
  readonly cursor?: string | null;
  readonly end?: string;
};

interface LogScene extends Scene {
  /** Opens a stream; its pieces are pulled one by one. */
  readonly stream: (path: string, json?: object) => Promise<AsyncGenerator<string, void>>;
  serving: boolean;
}

async function logScene(options: SceneOptions = {}): Promise<LogScene> {
  const stage = await scene(options);
  const state: LogScene = { ...stage, serving: true, stream: async () => Promise.reject(new Error("not yet")) };
  const services: Services = { ...stage.services, isServing: () => state.serving };
  const hallpass = createHallpass(services);
  const bearer = await stage.bearer();
  return Object.assign(state, {
    stream: async (path: string, json?: object): Promise<AsyncGenerator<string, void>> => {
      const headers: Record<string, string> = {
        authorization: `Bearer ${bearer}`,
        accept: "text/html, application/x-ndjson;q=0.9",
        ...(json === undefined ? {} : { "content-type": "application/json" }),
      };
      const head = {
        method: json === undefined ? "GET" : "POST",
        target: path,
        headers: { get: (name: string) => headers[name] ?? null },
      };
      const body = Buffer.from(json === undefined ? "" : JSON.stringify(json));
      const { status, headers: answered, stream } = await hallpass.answer(head, body, null);
      assert.ok(stream !== undefined, `no stream but ${status}`);
      assert.deepEqual([status, answered["content-type"]], [200, "application/x-ndjson"]);
      return stream;
    },
  });
}

function linesOf(text: string): readonly Line[] {
  assert.ok(text.endsWith("\n"), "a piece is whole lines");
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

async function next(stream: AsyncGenerator<string, void>): Promise<readonly Line[]> {
  const { done, value } = await stream.next();
  assert.ok(done !== true && typeof value === "string");
  return linesOf(value);
}

async function rest(stream: AsyncGenerator<string, void>): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for await (const piece of stream) lines.push(...linesOf(piece));
  return lines;
}

const kinds = (lines: readonly Line[]): readonly (string | undefined)[] => lines.map(({ kind }) => kind);
const cursorOf = (lines: readonly Line[]): string => String(lines.findLast(({ cursor }) => cursor != null)?.cursor);
const ABOUT_OPENED = { list: "log", about: JSON.stringify([["session_opened"], null, null]) };
const OPENED = {
  client: "web" as ClientId,
  family: null,
  policy: "consumer",
  parent: null,
  replaces: null,
  actor: null,
};
const FOLLOWED = "/v1/log?follow=stream&kind=session_opened";

/** Rings the bell without a fact that the stream would show. */
async function noise({ services }: Scene): Promise<void> {
  await record(services.store, services.dice, [
    fact(services.tenant, services.clock.now(), "key_created", { kid: "k" }),
  ]);
}

test("a stream holds every fact as a page would, then a cursor, and ends where it is not followed [LOG-1] [LOG-2]", async () => {
  const stage = await logScene();
  const one = await stage.open();
  await stage.refresh(one.refresh);
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const page = await stage.send({ path: "/v1/log?limit=200", headers });
  const lines = await rest(await stage.stream("/v1/log?limit=2"));
  const facts = lines.filter(({ kind }) => kind !== undefined);
  assert.deepEqual(facts, page.json["facts"]);
  assert.equal(lines.at(-1)?.end, "complete");
  assert.equal(lines.filter(({ end }) => end !== undefined).length, 1);
  assert.equal(cursorOf(lines), page.json["next_cursor"], "one cursor for pages and streams");
  const after = await rest(await stage.stream(`/v1/log?after=${cursorOf(lines)}`));
  assert.deepEqual(kinds(after).filter(Boolean), []);
});

test("who follows gets each fact when it is committed, by its filters, and begins with where it is [LOG-1]", async () => {
  const stage = await logScene();
  const { next_cursor: after } = (await rest(await stage.stream("/v1/log"))).map(({ cursor }) => ({
    next_cursor: cursor,
  }))[0] ?? { next_cursor: null };
  assert.notEqual(after, null);
  const stream = await stage.stream(FOLLOWED);
  assert.deepEqual(kinds(await next(stream)), [undefined]);
  const waiting = next(stream);
  const { sid, refresh } = await stage.open();
  const heard = await waiting;
  assert.deepEqual(kinds(heard), ["session_opened", undefined]);
  assert.equal(heard[0]?.session, sid);
  const quiet = next(stream);
  await stage.refresh(refresh);
  await stage.open();
  assert.deepEqual(kinds(await quiet), ["session_opened", undefined]);
  await stream.return();
});

test("a stream of one subject holds what happened to its sessions alone [LOG-1]", async () => {
  const stage = await logScene();
  const ada = await stage.open({ subject: "ada" });
  await stage.open({ subject: "bob" });
  const lines = await rest(await stage.stream("/v1/log", { subject: "ada" }));
  assert.deepEqual(
    lines.flatMap(({ session }) => session ?? []),
    [ada.sid],
  );
});

test("a quiet stream says where it is when ten seconds are over, not before, and shows what it passed over [LOG-3]", async () => {
  const stage = await logScene();
  const stream = await stage.stream(FOLLOWED);
  const first = await next(stream);
  let isTold = false;
  const beat = next(stream).finally(() => {
    isTold = true;
  });
  stage.clock.advance(BEAT_EVERY - 1);
  await noise(stage);
  await new Promise(setImmediate);
  assert.equal(isTold, false);
  stage.clock.advance(1);
  await noise(stage);
  const lines = await beat;
  assert.deepEqual(kinds(lines), [undefined]);
  assert.notEqual(cursorOf(lines), cursorOf(first));
  await stream.return();
});

test("a stream ends cleanly when the server drains, and the next one misses nothing and repeats nothing [LOG-2] [LOG-4]", async () => {
  const stage = await logScene();
  const before = await stage.open();
  const stream = await stage.stream(FOLLOWED);
  const seen = [...(await next(stream))];
  const ending = rest(stream);
  stage.serving = false;
  const during = await stage.open();
  seen.push(...(await ending));
  assert.equal(seen.at(-1)?.end, "drain");
  stage.serving = true;
  const after = await stage.open();
  const following = await stage.stream(`${FOLLOWED}&after=${cursorOf(seen)}`);
  seen.push(...(await next(following)));
  await following.return();
  assert.deepEqual(
    seen.flatMap(({ session }) => session ?? []),
    [before, during, after].map(({ sid }) => sid),
  );
});

const TAKES: readonly [lost: string, change: object | null][] = [
  ["time", null],
  ["scope", { scope: "sessions:read" }],
  ["mandate", { mandate: { ...EVERYTHING, subjects: ["a-*"] } }],
];

test("a stream ends when its token is over, or has lost its scope or a part of its mandate, and says so [LOG-4] [A-09] [MAN-8] [NB-46]", async () => {
  for (const [lost, change] of TAKES) {
    const stage = await logScene();
    const stream = await stage.stream(FOLLOWED);
    await next(stream);
    const ending = rest(stream);
    const headers = { authorization: `Bearer ${await stage.bearer()}` };
    if (change !== null)
      assert.equal(
        (await stage.send({ method: "PATCH", path: "/v1/clients/operator", headers, json: change })).status,
        200,
      );
    stage.clock.advance(change === null ? 660_000 : BEAT_EVERY);
    const { store, dice, tenant, clock } = stage.services;
    await record(store, dice, [fact(tenant, clock.now(), "session_opened", OPENED)]);
    const lines = await ending;
    assert.deepEqual([lines.length, lines.at(-1)?.end], [1, "bearer"], lost);
    // What was committed and not shown any more comes to whoever goes on.
    const place = await openPage(stage.services, ABOUT_OPENED, cursorOf(lines));
    assert.ok(place.ok && place.place !== null);
    const { facts } = await store.facts({ tenant, after: place.place, limit: 10 });
    assert.equal(facts.at(-1)?.kind, "session_opened");
  }
});

test("a stream whose store fails says that something is missing, and where [LOG-4] [P10]", async () => {
  let down = false;
  const failures: unknown[] = [];
  const stage = await logScene({
    wrapStore: (store) => ({
      ...store,
      facts: async (query) => {
        if (down) throw new Fault("store_unavailable");
        return store.facts(query);
      },
    }),
  });
  const { observer } = stage.services;
  Object.assign(observer, { failed: (_: string, __: string, thrown: unknown) => failures.push(thrown) });
  const stream = await stage.stream(FOLLOWED);
  const cursor = cursorOf(await next(stream));
  const ending = rest(stream);
  down = true;
  await noise(stage);
  const lines = await ending;
  assert.deepEqual(
    lines.map(({ end, cursor: at }) => [end, at]),
    [["unavailable", cursor]],
  );
  assert.equal(failures.length, 1);
});

test("nothing is read before what was read is taken: a slow reader holds one page [LOG-5]", async () => {
  let looks = 0;
  const stage = await logScene({
    wrapStore: (store) => ({
      ...store,
      facts: async (query) => {
        looks += 1;
        return store.facts(query);
      },
    }),
  });
  for (let n = 0; n < 9; n += 1) await stage.open();
  const stream = await stage.stream("/v1/log?limit=2&follow=stream");
  assert.equal(looks, 0);
  for (const taken of [1, 2, 3]) {
    assert.equal(kinds(await next(stream)).filter(Boolean).length, 2);
    await new Promise(setImmediate);
    assert.equal(looks, taken);
  }
  await stream.return();
});

test("the sixty-fifth that follows is turned away, and let in when one has left [LOG-5]", async () => {
  const stage = await logScene();
  const streams = await Promise.all(Array.from({ length: 64 }, () => stage.stream(FOLLOWED)));
  for (const stream of streams) await next(stream);
  const headers = { authorization: `Bearer ${await stage.bearer()}`, accept: "application/x-ndjson" };
  const turned = await stage.send({ path: FOLLOWED, headers });
  assert.deepEqual([turned.status, turned.json["code"]], [503, "overloaded"]);
  assert.ok(turned.headers.get("retry-after") !== null);
  await streams[0]?.return();
  const late = await stage.stream(FOLLOWED);
  await next(late);
  for (const stream of [...streams, late]) await stream.return();
});

for (const [title, accept] of [
  ["none", undefined],
  ["anything", "*/*"],
  ["JSON", "application/json"],
] as const)
  test(`who accepts ${title} gets a page, and no open follow [LOG-1]`, async () => {
    const stage = await logScene();
    const headers = { authorization: `Bearer ${await stage.bearer()}`, ...(accept === undefined ? {} : { accept }) };
    const page = await stage.send({ path: "/v1/log", headers });
    assert.deepEqual([page.status, page.json["more"]], [200, false]);
    const open = await stage.send({ path: "/v1/log?follow=stream", headers });
    assert.deepEqual([open.status, open.json["code"]], [400, "query_malformed"]);
  });

test("a Response of a mounted server streams, and is ended by whoever stops reading [LOG-1] [LOG-5]", async () => {
  const stage = await logScene();
  const headers = { authorization: `Bearer ${await stage.bearer()}`, accept: "application/x-ndjson" };
  const response = await stage.hallpass.fetch(new Request(`http://localhost:8026${FOLLOWED}`, { headers }));
  const reader = response.body?.getReader();
  assert.ok(reader !== undefined);
  const { value } = await reader.read();
  assert.equal(kinds(linesOf(new TextDecoder().decode(value)))[0], undefined);
  const cancelled = reader.cancel();
  await noise(stage);
  await cancelled;
  const head = await stage.send({ method: "HEAD", path: FOLLOWED, headers });
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("a tenant's stream holds nothing of another, and no cursor of one opens the other's [LOG-6]", async (t: TestContext) => {
  const pair = await twoTenants();
  t.after(() => pair.end());
  const headers = { accept: "application/x-ndjson" };
  const cursors: string[] = [];
  for (const tenant of [pair.one, pair.other]) {
    const answer = await tenant.send({ path: "/v1/log?kind=session_opened", headers });
    const lines = linesOf(answer.text);
    assert.deepEqual(
      lines.flatMap(({ session }) => session ?? []),
      [tenant.sid],
    );
    cursors.push(cursorOf(lines));
  }
  const crossed = await pair.other.send({ path: `/v1/log?kind=session_opened&after=${cursors[0]}`, headers });
  assert.deepEqual([crossed.status, crossed.json["code"]], [400, "cursor_malformed"]);
});
