import assert from "node:assert/strict";
import { test } from "node:test";
import { SILENT } from "../observe/observer.ts";
import { scene } from "../testing/scene.ts";

test("what an app saw of sign-ins is counted by stage", async () => {
  const counted: string[] = [];
  const stage = await scene({ observer: { ...SILENT, signIns: (name, count) => counted.push(`${name} ${count}`) } });
  const headers = { authorization: `Bearer ${await stage.bearer("sessions:write")}` };
  const answer = await stage.send({ path: "/v1/sign-ins", headers, json: { started: 5, failed: 1 } });
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.deepEqual(counted, ["started 5", "failed 1"]);
});

for (const json of [
  {},
  { started: 0 },
  { started: -1 },
  { started: 1.5 },
  { started: "1" },
  { finished: 1_000_001 },
  { began: 1 },
]) {
  test(`${JSON.stringify(json)} is no report of sign-ins`, async () => {
    const stage = await scene();
    const headers = { authorization: `Bearer ${await stage.bearer("sessions:write")}` };
    const answer = await stage.send({ path: "/v1/sign-ins", headers, json });
    assert.deepEqual([answer.status, answer.json["code"]], [400, "request_invalid"]);
  });
}
