import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientId, EVERYTHING, fact, record } from "@hallpass/core";
import { type Received, type Scene, type Sent, scene } from "../../testing/scene.ts";

interface Page {
  readonly facts: readonly {
    readonly kind: string;
    readonly at_ms: number;
    readonly session: string | null;
    readonly body: Readonly<Record<string, unknown>>;
  }[];
  readonly next_cursor: string | null;
  readonly more: boolean;
}

interface LogScene extends Scene {
  readonly ask: (sent: Omit<Sent, "headers">) => Promise<Received>;
  readonly page: (query: string) => Promise<Page>;
}

async function logScene(): Promise<LogScene> {
  const stage = await scene();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const ask = (sent: Omit<Sent, "headers">): Promise<Received> => stage.send({ ...sent, headers });
  return { ...stage, ask, page: async (query) => (await ask({ path: `/v1/log${query}` })).json as unknown as Page };
}

test("the log holds every fact in the order of the commits, page by page, and what comes later", async () => {
  const stage = await logScene();
  const first = await stage.open();
  await stage.refresh(first.refresh);
  await stage.open();
  const whole = await stage.page("?limit=200");
  assert.equal(whole.more, false);
  const seen: Page["facts"][number][] = [];
  let after = "";
  for (let more = true; more; ) {
    const page = await stage.page(`?limit=2${after}`);
    assert.ok(page.facts.length <= 2);
    seen.push(...page.facts);
    after = `&after=${page.next_cursor}`;
    more = page.more;
  }
  assert.deepEqual(seen, whole.facts);
  assert.deepEqual(
    seen.slice(-3).map(({ kind, session }) => [kind, session === first.sid]),
    [
      ["session_opened", true],
      ["token_refreshed", true],
      ["session_opened", false],
    ],
  );
  assert.deepEqual((await stage.page(`?limit=2${after}`)).facts, []);
  await stage.open();
  assert.deepEqual(
    (await stage.page(`?limit=2${after}`)).facts.map(({ kind }) => kind),
    ["session_opened"],
  );
});

test("the log is filtered by kind, session and subject", async () => {
  const stage = await logScene();
  const ada = await stage.open({ subject: "ada" });
  const bob = await stage.open({ subject: "bob" });
  await stage.refresh(ada.refresh);
  const kinds = ({ facts }: Page): readonly string[] => facts.map(({ kind }) => kind);
  assert.deepEqual(kinds(await stage.page("?kind=token_refreshed,session_ended")), ["token_refreshed"]);
  assert.deepEqual(kinds(await stage.page(`?session=${bob.sid}`)), ["session_opened"]);
  assert.deepEqual(kinds(await stage.page(`?session=${ada.sid}&kind=session_opened`)), ["session_opened"]);
  const ofAda = (await stage.ask({ path: "/v1/log", json: { subject: "ada" } })).json as unknown as Page;
  assert.deepEqual(
    ofAda.facts.map(({ kind, session }) => [kind, session]),
    [
      ["session_opened", ada.sid],
      ["token_refreshed", ada.sid],
    ],
  );
  const nobody = (await stage.ask({ path: "/v1/log", json: { subject: "eve", kinds: [] } })).json as unknown as Page;
  assert.deepEqual([nobody.facts, nobody.more], [[], false]);
  assert.ok(nobody.next_cursor !== null);
});

for (const query of [
  "?limit=0",
  "?limit=201",
  "?kind=nothing",
  "?kind=session_opened,",
  "?session=1",
  "?follow=0",
  "?follow=31",
  "?follow=x",
  "?subject=ada",
  "?after=a&after=b",
]) {
  test(`the log refuses ${query}`, async () => {
    const stage = await logScene();
    const answer = await stage.ask({ path: `/v1/log${query}` });
    assert.deepEqual([answer.status, answer.json["code"]], [400, "query_malformed"]);
  });
}

for (const json of [{ subject: "" }, { kinds: ["nothing"] }, { follow_s: 31 }, { limit: 0 }, { more: 1 }, []]) {
  test(`the log refuses ${JSON.stringify(json)}`, async () => {
    const stage = await logScene();
    const answer = await stage.ask({ path: "/v1/log", json });
    assert.deepEqual([answer.status, answer.json["code"]], [400, "request_invalid"]);
  });
}

test("a cursor of other filters, or an edited one, is refused [A-11]", async () => {
  const stage = await logScene();
  const { sid } = await stage.open();
  const { next_cursor: cursor } = await stage.page("?kind=session_opened");
  assert.ok(cursor !== null);
  for (const query of [
    `?after=${cursor}`,
    `?kind=session_ended&after=${cursor}`,
    `?session=${sid}&after=${cursor}`,
    `?kind=session_opened&after=${cursor}A`,
  ]) {
    const answer = await stage.ask({ path: `/v1/log${query}` });
    assert.deepEqual([answer.status, answer.json["code"]], [400, "cursor_malformed"], query);
  }
});

test("a filter that finds few in many answers where to go on, and finds them in the end", async () => {
  const stage = await logScene();
  const { store, dice, tenant, clock } = stage.services;
  for (let n = 0; n < 21; n += 1)
    await record(
      store,
      dice,
      Array.from({ length: 500 }, () => fact(tenant, clock.now(), "key_created", { kid: "k" })),
    );
  await stage.open();
  const first = await stage.page("?kind=session_opened");
  assert.deepEqual([first.facts.length, first.more], [0, true]);
  const second = await stage.page(`?kind=session_opened&after=${first.next_cursor}`);
  assert.deepEqual([second.facts.length, second.more], [1, false]);
});

test("readers are told with how far each is and what it could not take", async () => {
  const stage = await logScene();
  assert.deepEqual((await stage.ask({ path: "/v1/log/readers" })).json, { readers: [], dead_letters: [] });
});

for (const [title, change, code] of [
  ["its scope", { scope: "sessions:read" }, "scope_missing"],
  ["a part of its mandate", { mandate: { ...EVERYTHING, clients: ["web"] } }, "mandate_exceeded"],
] as const)
  test(`who waits for a fact and loses ${title} meanwhile is told none [LOG-4] [MAN-8] [NB-46]`, async () => {
    const stage = await logScene();
    const waiting = stage.ask({ path: "/v1/log?kind=session_opened&follow=30" });
    const changed = await stage.ask({ method: "PATCH", path: "/v1/clients/operator", json: change });
    assert.equal(changed.status, 200);
    const { store, dice, tenant, clock } = stage.services;
    const opened = { client: "web" as ClientId, family: null, policy: "consumer", parent: null, replaces: null };
    await record(store, dice, [fact(tenant, clock.now(), "session_opened", { ...opened, actor: null })]);
    const { status, json } = await waiting;
    assert.deepEqual([status, json["code"], json["facts"]], [403, code, undefined]);
  });
