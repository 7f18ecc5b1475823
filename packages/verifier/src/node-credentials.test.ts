import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsOfNode } from "./node-credentials.ts";
import { findToken } from "./request.ts";

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

test("two origins are nobody's page, whichever of them comes first, as Fetch reads them [NB-38] [C-02]", () => {
  const cookies = { name: "s", origins: ["https://app.example"] };
  const sent = ["Cookie", "s=t", "Origin", "https://app.example"];
  const found = (...more: readonly string[]): string =>
    findToken(credentialsOfNode({ method: "POST", rawHeaders: [...sent, ...more] }), cookies).kind;
  assert.equal(found(), "token");
  assert.equal(found("Origin", "https://evil.example"), "refused");
  assert.equal(found("origin", "https://app.example"), "refused");
  const site = ["Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"];
  const { fetchSite } = credentialsOfNode({ rawHeaders: site });
  assert.equal(
    fetchSite,
    new Headers([
      ["a", "same-origin"],
      ["a", "cross-site"],
    ]).get("a"),
  );
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
