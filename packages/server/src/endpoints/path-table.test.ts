import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDPOINTS } from "./index.ts";
import { pathTable } from "./path-table.ts";

const find = pathTable(ENDPOINTS);

test("every row is found at its own path, with its placeholders", () => {
  for (const { method, path } of ENDPOINTS) {
    const found = find(method, path.replaceAll(/:(\w+)/g, "a-$1"));
    assert.ok(found.kind === "endpoint", path);
    assert.equal(`${found.endpoint.method} ${found.endpoint.path}`, `${method} ${path}`);
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => [name, `a-${name}`]);
    assert.deepEqual({ ...found.placeholders }, Object.fromEntries(names));
  }
});

test("a path under another method names the methods that it knows, and HEAD with GET", () => {
  const found = find("PUT", "/v1/sessions/s-1");
  assert.deepEqual(found, { kind: "path", path: "/v1/sessions/:id", surface: "v1", allow: "GET, HEAD, PATCH" });
  assert.equal(find("GET", "/oauth2/token").kind, "path");
});

test("a segment too many, too few, empty or in another case is another path [O-39]", () => {
  for (const path of [
    "/",
    "//healthz",
    "/healthz/",
    "/healthzz",
    "/Healthz",
    "/v1/sessions/",
    "/v1/sessions//end",
    "/v1/sessions/a/b/end",
    "/v1/sessions/a/end/",
    "/xwell-known/jwks.json",
    "/.well-known/jwksxjson",
  ]) {
    assert.deepEqual(find("GET", path), { kind: "nothing" }, path);
    assert.deepEqual(find("POST", path), { kind: "nothing" }, path);
  }
});
