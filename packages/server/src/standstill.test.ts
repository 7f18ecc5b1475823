// A node that stands still between what it read and its answer: the clock moves on by itself while the store is asked.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "@hallpass/core";
import { createCheck } from "./gateway/check.ts";
import { LONGEST_ANSWER } from "./standstill.ts";
import { API, basicHeader, type Received, type Scene, scene } from "./testing/scene.ts";

interface Stage extends Scene {
  /** The next call of this kind is followed by so many milliseconds in which nothing happens. */
  standStill(after: "read" | "commit", ms: number): void;
}

async function stage(): Promise<Stage> {
  const still = { read: 0, commit: 0 };
  let bare: Scene | undefined;
  const pass = (kind: "read" | "commit"): void => {
    bare?.clock.advance(still[kind]);
    still[kind] = 0;
  };
  const wrapStore = (store: Store): Store => ({
    ...store,
    read: async (keys) => {
      const snapshot = await store.read(keys);
      pass("read");
      return snapshot;
    },
    commit: async (changes) => {
      const outcomes = await store.commit(changes);
      pass("commit");
      return outcomes;
    },
  });
  bare = await scene({ wrapStore });
  return {
    ...bare,
    standStill: (after, ms) => {
      still[after] = ms;
    },
  };
}

const boundary = [
  [LONGEST_ANSWER - 1, true],
  [LONGEST_ANSWER, false],
  [LONGEST_ANSWER + 1, false],
] as const;

test("whether a token is live is said within ten seconds of the question, and not at all after them [NODE-8]", async () => {
  for (const [ms, isSaid] of boundary) {
    const one = await stage();
    const opened = await one.open();
    const authorization = `Bearer ${await one.bearer()}`;
    one.standStill("read", ms);
    const many = await one.send({
      path: "/v1/introspections",
      headers: { authorization },
      json: { tokens: [opened.access] },
    });
    assert.deepEqual([many.status, many.json["code"]], isSaid ? [200, undefined] : [503, "stalled"], `${ms}`);
    one.standStill("read", ms);
    const form = { token: opened.access };
    const alone = await one.send({ path: "/oauth2/introspect", headers: basicHeader(one.basic.operator), form });
    assert.equal(alone.status, isSaid ? 200 : 503);
    if (!isSaid) assert.ok(Number(alone.headers.get("retry-after")) >= 1);
  }
});

test("a gateway is told that nobody knows, and lets nothing through [NODE-8]", async () => {
  for (const [ms, isSaid] of boundary) {
    const one = await stage();
    const { access } = await one.open();
    const check = createCheck(one.services);
    one.standStill("read", ms);
    const query = new URLSearchParams({ audience: API }).toString();
    const { status } = await check(query, (name) => (name === "authorization" ? [`Bearer ${access}`] : []));
    assert.equal(status, isSaid ? 200 : 503);
  }
});

test("a token that would be signed by what was read long ago is not given, and whoever asks again loses nothing [NODE-8]", async () => {
  const one = await stage();
  const { refresh } = await one.open();
  one.standStill("commit", LONGEST_ANSWER);
  const first = await one.refresh(refresh);
  assert.deepEqual([first.status, first.json["error"]], [503, "temporarily_unavailable"]);
  assert.equal(first.json["refresh_token"], undefined);
  const again: Received = await one.refresh(refresh);
  assert.deepEqual([again.status, again.headers.get("hallpass-verdict")], [200, "retried"]);
  assert.equal((await one.refresh(String(again.json["refresh_token"]))).headers.get("hallpass-verdict"), "rotated");
});

test("a change that was committed is answered however long it took: it stands [NODE-8]", async () => {
  const one = await stage();
  const { sid } = await one.open();
  const authorization = `Bearer ${await one.bearer()}`;
  one.standStill("commit", LONGEST_ANSWER * 6);
  const ended = await one.send({ method: "POST", path: `/v1/sessions/${sid}/end`, headers: { authorization } });
  assert.equal(ended.status, 200, ended.text);
});
