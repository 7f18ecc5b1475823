// How often an opening and a revocation ask the store: each question is a round trip on a database.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, type SceneOptions, scene } from "../testing/scene.ts";

interface Counted {
  readonly stage: Scene;
  /** Reads and commits since the last call. */
  readonly asked: () => readonly [reads: number, commits: number];
}

async function counted(): Promise<Counted> {
  let [reads, commits] = [0, 0];
  const wrapStore: NonNullable<SceneOptions["wrapStore"]> = (store) => ({
    ...store,
    read: (keys) => {
      reads += 1;
      return store.read(keys);
    },
    commit: (changes) => {
      commits += 1;
      return store.commit(changes);
    },
  });
  const stage = await scene({ wrapStore });
  await stage.open();
  const asked = (): readonly [number, number] => {
    const found = [reads, commits] as const;
    [reads, commits] = [0, 0];
    return found;
  };
  return { stage, asked };
}

async function opener(stage: Scene): Promise<(body: object, more?: object) => Promise<Received>> {
  const authorization = `Bearer ${await stage.bearer()}`;
  return (body, more = {}) =>
    stage.send({
      path: "/v1/sessions",
      headers: { authorization, ...more },
      json: { subject: "u-2", client_id: "web", ...body },
    });
}

test("an opening and the judgement of its caller are one read and one commit, with an Idempotency-Key, a policy and a parent, too", async () => {
  const { stage, asked } = await counted();
  const open = await opener(stage);
  const parent = await stage.open({ subject: "u-2" });
  asked();
  for (const [body, more] of [
    [{}, {}],
    [{ parent: parent.sid }, {}],
    [{ policy: "workforce", replaces: parent.sid }, { "idempotency-key": "once" }],
  ] as const) {
    const answer = await open(body, more);
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(asked(), [1, 1]);
  }
  const again = await open({ policy: "workforce", replaces: parent.sid }, { "idempotency-key": "once" });
  assert.equal(again.status, 200);
  assert.deepEqual(asked(), [2, 0], "what was opened before is looked at besides");
});

test("whoever loses a race for a subject's row reads it anew, and both sessions are listed", async () => {
  const { stage, asked } = await counted();
  const open = await opener(stage);
  asked();
  const answers = await Promise.all([open({ policy: "service" }), open({ policy: "service" })]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201],
  );
  assert.deepEqual(asked(), [3, 3]);
  const ended = await stage.send({
    path: "/v1/revocations",
    headers: { authorization: `Bearer ${await stage.bearer()}` },
    json: { targets: [{ type: "subject", subject: "u-2" }] },
  });
  assert.equal(ended.json["ended_sessions"], 2, ended.text);
});

test("a client that has got another policy opens under it at once", async () => {
  const { stage } = await counted();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const changed = await stage.send({
    method: "PATCH",
    path: "/v1/clients/web",
    headers,
    json: { policy: "agent" },
  });
  assert.equal(changed.status, 200, changed.text);
  const opened = await (await opener(stage))({});
  const { policy } = opened.json["session"] as { readonly policy: { readonly name: string } };
  assert.equal(policy.name, "agent");
});

test("a forged bearer is refused without a read, whatever its body asks for", async () => {
  const { stage, asked } = await counted();
  const forged = { authorization: `Bearer ${(await stage.bearer()).slice(0, -8)}AAAAAAAA` };
  asked();
  const json = { subject: "u-2", client_id: "web" };
  assert.equal((await stage.send({ path: "/v1/sessions", headers: forged, json })).status, 401);
  assert.equal(asked()[0], 0);
});

/** Its head, fleet and own row, after its commit. */
const RECEIPT = 1;

async function revoker(stage: Scene): Promise<(body: object, more?: object) => Promise<Received>> {
  const authorization = `Bearer ${await stage.bearer()}`;
  return (json, more = {}) => stage.send({ path: "/v1/revocations", headers: { authorization, ...more }, json });
}

test("a revocation and the judgement of its caller are one read and one commit, and its receipt is another read", async () => {
  const { stage, asked } = await counted();
  const revoke = await revoker(stage);
  const { sid, access } = await stage.open();
  const { sid: other } = await stage.open({ subject: "u-2" });
  const { jti } = JSON.parse(Buffer.from(access.split(".")[1] ?? "", "base64url").toString()) as { jti: string };
  asked();
  for (const targets of [
    [{ type: "token", jti }],
    [
      { type: "session", sid },
      { type: "session", sid: other },
    ],
    [{ type: "subject", subject: "u-3" }],
  ]) {
    const answer = await revoke({ targets });
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(asked(), [1 + RECEIPT, 1], JSON.stringify(targets));
  }
});

test("two who revoke one session at once both get a receipt, and it has ended once", async () => {
  const { stage, asked } = await counted();
  const revoke = await revoker(stage);
  const { sid } = await stage.open();
  stage.facts();
  asked();
  const answers = await Promise.all([1, 2].map(() => revoke({ targets: [{ type: "session", sid }] })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201],
  );
  assert.deepEqual(asked(), [3 + 2 * RECEIPT, 3], "whoever has lost the race reads anew");
  assert.deepEqual(stage.facts(), ["session_ended"]);
});

test("a body is judged with the person behind its call, though its rows were read before", async () => {
  const { stage } = await counted();
  const revoke = await revoker(stage);
  const { sid } = await stage.open();
  const json = { targets: [{ type: "session", sid }], actor: "somebody-else" };
  const refused = await revoke(json, { "hallpass-actor": "operator-1" });
  assert.deepEqual([refused.status, refused.json["code"]], [400, "actor_differs"], refused.text);
});
