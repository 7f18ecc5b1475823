import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDPOINTS } from "../endpoints/index.ts";
import { asksForItself, laneFinder, PATHS_OF_LANES } from "./lanes.ts";

const laneOf = laneFinder();
const ID = "0198f3c2-7f6a-7000-8000-000000000001";

test("every path that has a lane of its own is one that an endpoint stands at, and is found by what is sent to it [LOAD-2]", () => {
  const served = new Set(ENDPOINTS.map(({ path }) => path));
  for (const lane of ["revocations", "feed", "probes"] as const) {
    for (const path of PATHS_OF_LANES[lane]) {
      assert.ok(served.has(path), path);
      assert.equal(laneOf(path.replaceAll(/:\w+/g, ID)), lane, path);
      assert.equal(laneOf(`${path.replaceAll(/:\w+/g, ID)}?wait_ms=1`), lane, path);
    }
  }
});

test("every endpoint that has a revocation made is in the lane of revocations [LOAD-2]", () => {
  const revoking = ENDPOINTS.filter(({ operation }) =>
    /\b(?:revoke|revokeToken|blockSubject|beginErasure|eraseSubject|compromiseKeys)\b/.test(operation),
  );
  assert.ok(revoking.length >= 6);
  for (const { path } of revoking) assert.equal(laneOf(path.replaceAll(/:\w+/g, ID)), "revocations", path);
});

for (const target of [
  "/oauth2/token",
  "/v1/sessions",
  `/v1/sessions/${ID}`,
  `/v1/sessions/${ID}/end/`,
  `/v1/sessions/${ID}/ended`,
  `/v1/sessions/a/b/end`,
  "/v1/revocations/",
  "/v1/revocationsX",
  "/v1/feed/x",
  "/healthz/",
  "/",
  "",
  "?/healthz",
]) {
  test(`${JSON.stringify(target)} is traffic [LOAD-2]`, () => {
    assert.equal(laneOf(target), "traffic");
  });
}

const asked = (text: string): boolean => asksForItself(new TextEncoder().encode(text));

test("a client that asks for itself is told by its grant, wherever in the form it stands, and by nothing that only ends like it [LOAD-2]", () => {
  assert.ok(asked("grant_type=client_credentials"));
  assert.ok(asked("scope=feed&grant_type=client_credentials&client_id=a"));
  for (const text of [
    "",
    "grant_type=refresh_token&refresh_token=hpr_x",
    "xgrant_type=client_credentials",
    "grant_type=client_credential",
    "grant_type%3Dclient_credentials",
  ])
    assert.ok(!asked(text), text);
});
