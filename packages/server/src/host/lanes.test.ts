import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDPOINTS } from "../endpoints/index.ts";
import { asksForItself, laneFinder, PATHS_OF_LANES } from "./lanes.ts";

const laneOf = laneFinder();
const ID = "0198f3c2-7f6a-7000-8000-000000000001";

test("every path that has a lane of its own is one that an endpoint stands at, and is found by what is sent to it [LOAD-2]", () => {
  for (const lane of ["revocations", "feed", "probes"] as const) {
    for (const row of PATHS_OF_LANES[lane]) {
      const path = row.slice(row.indexOf("/"));
      const served = ENDPOINTS.filter((one) => one.path === path && (row === path || row === `${one.method} ${path}`));
      assert.ok(served.length > 0, row);
      for (const { method } of served) {
        assert.equal(laneOf(method, path.replaceAll(/:\w+/g, ID)), lane, row);
        assert.equal(laneOf(method, `${path.replaceAll(/:\w+/g, ID)}?wait_ms=1`), lane, row);
      }
    }
  }
});

/** The operations of core with a notice in their change that a caller asks for by name. What a policy ends is no answer to it. */
const TAKING =
  /\b(?:revoke|revokeToken|blockSubject|beginErasure|eraseSubject|compromiseKeys|disableClient|alterSession|rotateSessionToken)\b/;

test("every endpoint that takes something away is in the lane of revocations [LOAD-2]", () => {
  const taking = ENDPOINTS.filter(({ operation }) => TAKING.test(operation));
  assert.ok(taking.length >= 10);
  for (const { method, path } of taking)
    assert.equal(laneOf(method, path.replaceAll(/:\w+/g, ID)), "revocations", `${method} ${path}`);
});

for (const [method, target] of [
  ["GET", `/v1/sessions/${ID}`],
  ["DELETE", `/v1/sessions/${ID}`],
  ["patch", `/v1/sessions/${ID}`],
  ["PATCH", `/v1/sessions/${ID}/`],
  ["PATCH", "/v1/sessions"],
  ["GET", "/v1/clients/web"],
  ["PATCH", "/v1/clients/web"],
  ["HEAD", "/v1/clients/web"],
  ["DELETE", "/v1/clients"],
  ["DELETE", "/v1/clients/web/secrets"],
  ["", "/v1/clients/web"],
] as const) {
  test(`${method} ${target} is traffic, whatever another method does there [LOAD-2]`, () => {
    assert.equal(laneOf(method, target), "traffic");
  });
}

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
    assert.equal(laneOf("POST", target), "traffic");
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
