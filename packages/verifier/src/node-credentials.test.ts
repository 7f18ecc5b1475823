import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsOfNode } from "./node-credentials.ts";

test("every header that counts is taken from the raw ones, by its name in any case and never from a value", () => {
  const rawHeaders = ["AUTHORIZATION", "Bearer a", "X", "cookie", "Cookie", "c=1", "authorization", "Bearer b"];
  rawHeaders.push("Origin", "https://app.example", "Sec-Fetch-Site", "same-origin", "Upgrade", "websocket");
  assert.deepEqual(credentialsOfNode({ method: "POST", rawHeaders }), {
    method: "POST",
    authorization: ["Bearer a", "Bearer b"],
    cookie: ["c=1"],
    origin: "https://app.example",
    fetchSite: "same-origin",
    upgrade: true,
  });
});

test("a value that is spelled like a header's name is none", () => {
  const { authorization, upgrade } = credentialsOfNode({
    rawHeaders: ["x", "authorization", "y", "upgrade", "z", "1"],
  });
  assert.deepEqual([authorization, upgrade], [[], false]);
});

test("a request without headers is a GET of nobody", () => {
  assert.deepEqual(credentialsOfNode({ rawHeaders: [] }), {
    method: "GET",
    authorization: [],
    cookie: [],
    origin: null,
    fetchSite: null,
    upgrade: false,
  });
});
