import assert from "node:assert/strict";
import { test } from "node:test";
import { scene } from "../../testing/scene.ts";

test("a receipt that is read with a wait is that of the complete run [RCP-8] [RCP-11]", async () => {
  const stage = await scene();
  await stage.open({ device: { region: "eu" } });
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const json = { targets: [{ type: "query", query: { region: "eu" } }] };
  const begun = await stage.send({ path: "/v1/revocations", headers, json });
  assert.deepEqual([begun.json["status"], begun.json["enforced_by_ms"]], ["running", null]);
  const path = `/v1/revocations/${String(begun.json["id"])}`;
  const read = await stage.send({ path: `${path}?wait_ms=10000`, headers });
  assert.deepEqual(
    [read.json["status"], read.json["ended_sessions"], read.json["scanned_sessions"]],
    ["complete", 1, 1],
  );
  for (const wait of ["-1", "1.5", "30001", "1e3", "01", "soon"]) {
    const refused = await stage.send({ path: `${path}?wait_ms=${wait}`, headers });
    assert.deepEqual([refused.status, refused.json["code"]], [400, "query_malformed"], wait);
  }
});
