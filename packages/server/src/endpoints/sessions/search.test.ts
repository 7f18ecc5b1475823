import assert from "node:assert/strict";
import { test } from "node:test";
import { type OpenSession, openSession, parseClientId, parseSubjectId } from "@hallpass/core";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

async function search(stage: Scene, json: object): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer("sessions:read")}` };
  return stage.send({ path: "/v1/sessions/search", headers, json });
}

function ids({ json }: Received): readonly string[] {
  return (json["sessions"] as { readonly id: string }[]).map(({ id }) => id);
}

const BARE: Omit<OpenSession, "subject" | "client"> = {
  issue: { access: false, refresh: false },
  audience: undefined,
  scope: undefined,
  acr: null,
  amr: [],
  authTime: null,
  policy: undefined,
  remember: false,
  parent: null,
  replaces: null,
  device: null,
  claims: {},
  actor: null,
  idempotency: null,
};
const DEVICE = { name: "phone", user_agent: "Curl/8.5", ip: "203.0.113.7", region: "eu" };

test("sessions are found by what a revocation by query would mean, oldest first", async () => {
  const stage = await scene();
  const one = await stage.open({ subject: "u-1", device: DEVICE, acr: "gold" });
  stage.clock.advance(1000);
  const two = await stage.open({ subject: "u-2", device: { ...DEVICE, region: "us", ip: "203.0.113.200" } });
  const found = async (query: object): Promise<readonly string[]> => ids(await search(stage, query));
  assert.deepEqual(await found({}), [one.sid, two.sid]);
  assert.deepEqual(await found({ client_id: "web" }), [one.sid, two.sid]);
  assert.deepEqual(await found({ client_id: "nobody" }), []);
  assert.deepEqual(await found({ region: "us" }), [two.sid]);
  assert.deepEqual(await found({ ip: "203.0.113.0/25" }), [one.sid]);
  assert.deepEqual(await found({ ip: "203.0.113.200" }), [two.sid]);
  assert.deepEqual(await found({ acr: "gold" }), [one.sid]);
  assert.deepEqual(await found({ user_agent_contains: "curl" }), [one.sid, two.sid]);
  assert.deepEqual(await found({ opened: { from_ms: 1_800_000_001_000 } }), [two.sid]);
  assert.deepEqual(await found({ opened: { before_ms: 1_800_000_001_000 } }), [one.sid]);
  assert.deepEqual(await found({ subject: "u-1", region: "us" }), []);
  assert.deepEqual(await found({ subject: "u-1", region: "eu" }), [one.sid]);
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  await stage.send({ method: "POST", path: `/v1/sessions/${one.sid}/end`, headers, json: {} });
  assert.deepEqual(await found({ state: "active" }), [two.sid]);
  assert.deepEqual(await found({ state: "ended" }), [one.sid]);
  const shown = (await search(stage, { region: "eu" })).json["sessions"] as { readonly device: object }[];
  assert.deepEqual(shown[0]?.device, DEVICE);
});

test("a call looks at so many rows and says so: an empty page with a cursor is not the end", async () => {
  const stage = await scene();
  const [subject, client] = [parseSubjectId("u-1"), parseClientId("web")];
  assert.ok(subject !== undefined && client !== undefined);
  for (let n = 0; n < 2099; n += 1) {
    // Of a subject of its own each, without tokens: it is the rows that count.
    const own = parseSubjectId(`u-${n}`) ?? subject;
    const answer = await openSession(stage.services, { ...BARE, subject: own, client });
    assert.ok(answer.ok);
  }
  stage.clock.advance(1);
  const last = (await stage.open({ subject: "u-last", device: DEVICE })).sid;
  const first = await search(stage, { region: "eu" });
  assert.deepEqual([ids(first), first.json["scanned"]], [[], 2048]);
  const cursor = first.json["next_cursor"];
  assert.equal(typeof cursor, "string");
  const second = await search(stage, { region: "eu", cursor });
  assert.deepEqual([ids(second), second.json["scanned"], second.json["next_cursor"]], [[last], 52, null]);
  assert.equal((await search(stage, { region: "us", cursor })).json["code"], "cursor_malformed");
});

test("pages of a search hold each session once, whatever their size [A-11]", async () => {
  const stage = await scene();
  const all = new Set<string>();
  for (let n = 0; n < 10; n += 1) all.add((await stage.open({ subject: `u-${n}` })).sid);
  for (const limit of [1, 3, 10, 11]) {
    const seen: string[] = [];
    for (let cursor: unknown = null; ; ) {
      const page = await search(stage, { limit, cursor });
      seen.push(...ids(page));
      cursor = page.json["next_cursor"];
      if (cursor === null) break;
    }
    assert.deepEqual(seen, [...all].toSorted());
  }
});

for (const query of [
  { ip: "10.0.0.1/8" },
  { ip: 7 },
  { opened: {} },
  { state: "over" },
  { region: "" },
  { limit: 201 },
  { shoe: 1 },
]) {
  test(`a search by ${JSON.stringify(query)} is refused`, async () => {
    const answer = await search(await scene(), query);
    assert.deepEqual([answer.status, answer.json["code"]], [400, "request_invalid"]);
  });
}
