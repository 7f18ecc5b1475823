// The token that an upstream gets: what it is made from, and when another takes its place.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RowKey } from "@hallpass/core";
import { parseCompactJws } from "@hallpass/protocol";
import { operate } from "../testing/bounded-client.ts";
import { API, type Scene, type SceneOptions, scene } from "../testing/scene.ts";
import { createCheck } from "./check.ts";

interface Stage extends Scene {
  /** The bearer that the upstream gets for this one. */
  readonly upstream: (token: string, audience?: string) => Promise<string>;
  readonly open: Scene["open"];
  readonly signIn: (
    more?: object,
  ) => Promise<{ readonly sid: string; readonly token: string; readonly access: string }>;
}

async function stage(options: SceneOptions = {}): Promise<Stage> {
  const bare = await scene(options);
  const check = createCheck(bare.services);
  return {
    ...bare,
    upstream: async (token, audience = API) => {
      const reply = await check(`audience=${encodeURIComponent(audience)}`, (name) =>
        name === "authorization" ? [`Bearer ${token}`] : [],
      );
      assert.equal(reply.status, 200);
      return (reply.headers["authorization"] ?? "").slice("Bearer ".length);
    },
    signIn: async (more = {}) => {
      const json = { subject: "u-1", client_id: "web", issue: ["access", "session_token"], ...more };
      const opened = (await operate(bare, { path: "/v1/sessions", json })).json;
      const { id } = opened["session"] as { readonly id: string };
      return { sid: id, token: String(opened["session_token"]), access: String(opened["access_token"]) };
    },
  };
}

function claimIn(jwt: string, name: "pos" | "aud"): unknown {
  const jws = parseCompactJws(jwt);
  assert.ok(jws.ok);
  return jws.payload[name];
}

test("another is made when a session above changed: the one before is outdated at every verifier [CHK-3]", async () => {
  const play = await stage();
  const parent = await play.signIn();
  const child = await play.signIn({ parent: parent.sid });
  const first = await play.upstream(child.token);
  assert.equal(await play.upstream(child.token), first);
  const json = { scope: "read" };
  const altered = await operate(play, { method: "PATCH", path: `/v1/sessions/${parent.sid}`, json });
  assert.equal(altered.status, 200, altered.text);
  const second = await play.upstream(child.token);
  assert.notEqual(claimIn(second, "pos"), claimIn(first, "pos"));
  assert.equal(await play.upstream(child.token), second);
});

test("each upstream gets its own, again and again, and that of one is never given to another [CHK-3]", async () => {
  const play = await stage();
  const other = "https://other.example";
  const wide = {
    client_id: "wide",
    token_endpoint_auth_method: "none",
    grant_types: ["refresh_token"],
    scope: "read",
    audiences: [API, other],
  };
  assert.equal((await operate(play, { path: "/v1/clients", json: wide })).status, 201);
  const { token } = await play.signIn({ client_id: "wide", audience: [API, other] });
  const [one, two] = [await play.upstream(token, API), await play.upstream(token, other)];
  assert.deepEqual([claimIn(one, "aud"), claimIn(two, "aud")], [API, other]);
  assert.deepEqual([await play.upstream(token, API), await play.upstream(token, other)], [one, two]);
});

test("what is asked of the store about a request is one read, whatever token it shows [CHK-10]", async () => {
  const reads: (readonly RowKey[])[] = [];
  const play = await stage({
    wrapStore: (store) => ({
      ...store,
      read: (keys) => {
        reads.push(keys);
        return store.read(keys);
      },
    }),
  });
  const { token, access } = await play.signIn();
  for (const text of [token, access]) {
    await play.upstream(text);
    reads.length = 0;
    await play.upstream(text);
    assert.equal(reads.length, 1);
  }
});
