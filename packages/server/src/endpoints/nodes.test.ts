import assert from "node:assert/strict";
import { test } from "node:test";
import { scene } from "../testing/scene.ts";

test("a server whose store serves one process lists no nodes, and says that it is shared with nobody [NODE-3]", async () => {
  const stage = await scene();
  const authorization = `Bearer ${await stage.bearer()}`;
  const { status, json } = await stage.send({ path: "/v1/nodes", headers: { authorization } });
  assert.equal(status, 200);
  assert.deepEqual([json["shared"], json["leader"], json["nodes"]], [false, null, []]);
});

test("nobody without the scope sees the nodes [NODE-4]", async () => {
  const stage = await scene();
  assert.equal((await stage.send({ path: "/v1/nodes" })).status, 401);
});
