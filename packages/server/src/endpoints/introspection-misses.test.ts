// Who asks about tokens that are none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { basicHeader, type Received, type Scene, scene } from "../testing/scene.ts";

function asked(stage: Scene, token: string, credentials: string = stage.basic.service): Promise<Received> {
  return stage.send({ path: "/oauth2/introspect", headers: basicHeader(credentials), form: { token } });
}

const limited = (limit: string): Promise<Scene> => scene({ config: { introspection_miss_limit: limit } });

async function ownToken(stage: Scene): Promise<string> {
  const form = { grant_type: "client_credentials" };
  const { json } = await stage.send({ path: "/oauth2/token", headers: basicHeader(stage.basic.service), form });
  return String(json["access_token"]);
}

test("a scan is answered with 429 and when to come back, while what is live is answered as ever [RATE-12] [I-09]", async () => {
  const stage = await limited("3");
  const live = await ownToken(stage);
  const { access, refresh } = await stage.open();
  // Random, another's, another client's: nothing that this client may know of.
  for (const token of ["x", access, refresh]) assert.deepEqual((await asked(stage, token)).json, { active: false });
  for (const token of ["y", `${live}x`, access, `hps_${"A".repeat(60)}`]) {
    const answer = await asked(stage, token);
    assert.deepEqual(
      [answer.status, answer.json["error"], answer.headers.get("retry-after")],
      [429, "temporarily_unavailable", "20"],
      token,
    );
    assert.match(String(answer.json["error_uri"]), /#introspection_rate_exceeded$/);
    assert.equal((await asked(stage, live)).json["active"], true);
  }
  stage.clock.advance(20_000);
  assert.equal((await asked(stage, "x")).status, 200);
  assert.equal((await asked(stage, "x")).status, 429, "what was refused did not count, what is answered does");
});

test("a scan takes nothing from another client, and nothing is counted of who does not authenticate [RATE-12] [I-09]", async () => {
  const stage = await limited("1");
  assert.equal((await asked(stage, "x")).status, 200);
  assert.equal((await asked(stage, "x")).status, 429);
  assert.equal((await asked(stage, "x", stage.basic.operator)).status, 200);
  const other = await limited("1");
  for (let time = 0; time < 5; time += 1) assert.equal((await asked(other, "x", "service:hpc_wrong")).status, 401);
  assert.equal((await asked(other, "x")).status, 200);
});

test("the signed form of an answer is limited like the other, and off is no limit [RATE-12] [I-09]", async () => {
  const stage = await limited("1");
  const headers = { ...basicHeader(stage.basic.service), accept: "application/token-introspection+jwt" };
  const signed = (): Promise<Received> => stage.send({ path: "/oauth2/introspect", headers, form: { token: "x" } });
  assert.deepEqual([(await signed()).status, (await signed()).status], [200, 429]);
  const open = await limited("off");
  for (let time = 0; time < 20; time += 1) assert.equal((await asked(open, "x")).status, 200);
});
