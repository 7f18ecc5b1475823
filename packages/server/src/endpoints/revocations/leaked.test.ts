// A raw token that was found somewhere, shown to be revoked. What was shown is in no answer, no row, no fact and no line.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROW_KINDS } from "@hallpass/core";
import { SILENT } from "../../observe/observer.ts";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

async function leaked(stage: Scene, token: string, more: object = {}): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  return stage.send({ path: "/v1/revocations", headers, json: { targets: [{ type: "leaked", token }], ...more } });
}

async function everythingOf({ services: { store, tenant } }: Scene): Promise<string> {
  const rows = await Promise.all(ROW_KINDS.map((kind) => store.list({ tenant, kind, limit: 1000 })));
  const { facts } = await store.facts({ tenant, limit: 10_000 });
  return JSON.stringify([rows, facts]);
}

test("a leaked refresh token of any generation ends its session [RCP-14] [L-01]", async () => {
  for (const generation of [1, 2, 3]) {
    const stage = await scene();
    const { sid, refresh } = await stage.open();
    const tokens = [refresh];
    for (let n = 1; n < 3; n += 1)
      tokens.push(String((await stage.refresh(tokens.at(-1) ?? "")).json["refresh_token"]));
    stage.clock.advance(60_000);
    const token = tokens[generation - 1] ?? "";
    const answer = await leaked(stage, token);
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(answer.json["targets"], [{ type: "session", sid }]);
    assert.equal(answer.json["reason"], "leaked_token");
    assert.equal((await stage.refresh(tokens.at(-1) ?? "")).headers.get("hallpass-verdict"), "ended");
    assert.ok(!answer.text.includes(token));
    assert.ok(!(await everythingOf(stage)).includes(token));
  }
});

test("a leaked access token is revoked itself, and its session lives on [RCP-14]", async () => {
  const stage = await scene();
  const { access, refresh } = await stage.open();
  const answer = await leaked(stage, access, { reason: "seen in a log" });
  assert.equal(answer.status, 201, answer.text);
  assert.equal((answer.json["targets"] as { readonly type: string }[])[0]?.type, "token");
  assert.equal(answer.json["reason"], "seen in a log");
  assert.equal((await stage.refresh(refresh)).status, 200);
  assert.ok(!answer.text.includes(access.slice(-40)) && !(await everythingOf(stage)).includes(access.slice(-40)));
});

test("a leaked session token ends its session, the one before the last rotation too [RCP-14]", async () => {
  for (const rotated of [false, true]) {
    const stage = await scene();
    const headers = { authorization: `Bearer ${await stage.bearer()}` };
    const json = { subject: "u-1", client_id: "web", issue: ["session_token", "refresh"] };
    const opened = await stage.send({ path: "/v1/sessions", headers, json });
    const token = String(opened.json["session_token"]);
    const { id: sid } = opened.json["session"] as { readonly id: string };
    if (rotated) {
      const path = `/v1/sessions/${sid}/session-token`;
      assert.equal((await stage.send({ method: "POST", path, headers, json: {} })).status, 200);
    }
    const answer = await leaked(stage, token);
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(answer.json["targets"], [{ type: "session", sid }]);
    assert.ok(!answer.text.includes(token) && !(await everythingOf(stage)).includes(token));
    assert.equal((await leaked(stage, `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`)).status, 400);
  }
});

test("a leaked token that is over already is revoked all the same: nobody has to know [RCP-14]", async () => {
  const stage = await scene();
  const { sid, refresh, access } = await stage.open();
  await leaked(stage, refresh);
  stage.clock.advance(3_600_000);
  for (const token of [refresh, access]) assert.equal((await leaked(stage, token)).status, 201);
  assert.ok(sid.length > 0);
});

const changed = (token: string, at: number): string =>
  `${token.slice(0, at)}${token.charAt(at) === "A" ? "B" : "A"}${token.slice(at + 1)}`;

test("nothing but what this issuer made is taken for a leaked token, and what was shown is not repeated [RCP-14] [L-06]", async () => {
  const failed: unknown[] = [];
  const stage = await scene({ observer: { ...SILENT, failed: (...all) => void failed.push(all) } });
  const other = await scene();
  const mine = await stage.open();
  const foreign = await other.open();
  const shown = [
    changed(mine.refresh, 20),
    changed(mine.access, mine.access.length - 20),
    mine.refresh.toLowerCase(),
    ` ${mine.refresh}`,
    `${mine.refresh}\n`,
    mine.access.split(".").slice(0, 2).join("."),
    foreign.refresh,
    foreign.access,
    "hpc_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_abcde",
    mine.sid,
    "hunter2",
    "\u0000",
  ];
  stage.facts();
  for (const token of shown) {
    for (const more of [{}, { dry_run: true }]) {
      const answer = await leaked(stage, token, more);
      assert.deepEqual([answer.status, answer.json["code"]], [400, "token_not_genuine"], answer.text);
      if (token.length > 6) assert.ok(!answer.text.includes(token.trim()));
    }
  }
  assert.deepEqual(stage.facts(), []);
  assert.deepEqual(failed, []);
  assert.equal((await stage.refresh(mine.refresh)).status, 200);
});

test("a look at a leaked token says whom it would hit, and ends nothing [RCP-14]", async () => {
  const stage = await scene();
  const { sid, refresh } = await stage.open();
  const look = await leaked(stage, refresh, { dry_run: true });
  assert.equal(look.status, 200);
  assert.deepEqual(
    (look.json["affected"] as { readonly sid: string }[]).map((one) => one.sid),
    [sid],
  );
  assert.ok(!look.text.includes(refresh));
  assert.equal((await stage.refresh(refresh)).status, 200);
});

test("a leaked token beside its session is the same twice [RCP-14]", async () => {
  const stage = await scene();
  const { sid, refresh } = await stage.open();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const targets = [
    { type: "session", sid },
    { type: "leaked", token: refresh },
  ];
  const answer = await stage.send({ path: "/v1/revocations", headers, json: { targets } });
  assert.deepEqual(answer.json["errors"], [{ pointer: "/targets/1", code: "repeated" }]);
});
