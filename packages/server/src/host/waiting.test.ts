// Who waits for a receipt, seen from outside: real sockets, and verifiers that acknowledge when the test says so.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request as ask } from "node:http";
import { after, test } from "node:test";
import { createHallpass } from "../hallpass.ts";
import { SILENT } from "../observe/observer.ts";
import { ISSUER, scene } from "../testing/scene.ts";
import { createAdmission, type Lane } from "./admission.ts";
import type { LaneName } from "./lanes.ts";
import { listen } from "./node-host.ts";
import { systemClock, systemDice } from "./system-ports.ts";

const stage = await scene();
const dice = systemDice();
const admission = createAdmission({ clock: systemClock, scheduler: { after: () => () => {} }, dice, told: () => {} });
let acknowledged = Promise.withResolvers<void>();
let waiting = 0;
let arrived = (): void => {};
const hallpass = createHallpass({
  ...stage.services,
  hearing: {
    ...stage.services.hearing,
    waitElsewhere: () => {
      waiting += 1;
      arrived();
      return acknowledged.promise;
    },
    waitKeys: () => assert.fail("no keys here"),
  },
});
const at = { issuer: ISSUER, host: "127.0.0.1", port: 0, attach: () => {} };
const host = await listen({ hallpass, observer: SILENT, admission, dice, clock: systemClock, ...at });
const agent = new Agent({ keepAlive: true });
const bearer = await stage.bearer();
after(async () => {
  agent.destroy();
  await host.close(1000);
});

interface Answered {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly json: Readonly<Record<string, unknown>>;
}

async function send(method: string, path: string, body?: object): Promise<Answered> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${bearer}`,
    ...(body === undefined ? {} : { "content-type": "application/json", "content-length": text.length }),
  };
  const sent = ask({ agent, port: host.port, host: "127.0.0.1", method, path, headers });
  sent.end(text);
  const [answer] = await once(sent, "response");
  let received = "";
  for await (const chunk of answer) received += String(chunk);
  const json = JSON.parse(received) as Answered["json"];
  return { status: answer.statusCode, retryAfter: answer.headers["retry-after"], json };
}

function lane(name: LaneName): Lane {
  return admission.lanes.find((one) => one.name === name) ?? assert.fail();
}

const underWay = (): object => Object.fromEntries(admission.lanes.map((one) => [one.name, one.underWay]));
const NOBODY = { revocations: 0, feed: 0, probes: 0, clients: 0, traffic: 0, waits: 0 };
const WAIT = { wait_ms: 30_000 };

const revoking = (more: object = WAIT): Promise<Answered> =>
  send("POST", "/v1/revocations", { targets: [{ type: "subject", subject: "u-2" }], ...more });
async function altering(): Promise<Answered> {
  const { sid } = await stage.open();
  return send("PATCH", `/v1/sessions/${sid}`, { claims: { tier: "gold" }, ...WAIT });
}

test("whoever waits for verifiers has given its place back, and is answered when they have acknowledged [LOAD-7]", async () => {
  const { id } = (await revoking({})).json;
  const all = [altering(), altering(), revoking(), send("GET", `/v1/revocations/${String(id)}?wait_ms=30000`)];
  await new Promise<void>((resolve) => {
    arrived = () => {
      if (waiting === all.length) resolve();
    };
  });
  assert.deepEqual(underWay(), { ...NOBODY, waits: 4 });
  acknowledged.resolve();
  assert.deepEqual(
    (await Promise.all(all)).map(({ status }) => status),
    [200, 200, 201, 200],
  );
  assert.deepEqual(underWay(), NOBODY);
});

test("where too many wait, what was changed is answered at once with what is true then, and a receipt that is only read is 503 [LOAD-7]", async () => {
  acknowledged = Promise.withResolvers();
  const { id } = (await revoking({})).json;
  const waits = lane("waits");
  const taken: Lane[] = [];
  for (let place = admission.enterWait(); place !== undefined; place = admission.enterWait()) taken.push(place);
  assert.equal(taken.length, 256);
  const before = waits.turnedAway;
  waiting = 0;
  const path = `/v1/revocations/${String(id)}`;
  const [altered, revoked] = [await altering(), await revoking()];
  assert.deepEqual([altered.status, revoked.status, waiting], [200, 201, 0]);
  assert.equal(waits.turnedAway, before + 2);
  assert.notEqual(altered.json["receipt"], null);
  const refused = await send("GET", `${path}?wait_ms=30000`);
  assert.deepEqual([refused.status, refused.json["code"], refused.retryAfter], [503, "overloaded", "1"]);
  assert.equal(waits.turnedAway, before + 3);
  assert.deepEqual([(await send("GET", path)).status, (await send("GET", `${path}?wait_ms=0`)).status], [200, 200]);
  // One place more.
  taken.pop()?.leave();
  const last = send("GET", `${path}?wait_ms=30000`);
  await new Promise<void>((resolve) => {
    arrived = resolve;
  });
  assert.equal(waits.underWay, 256);
  acknowledged.resolve();
  assert.equal((await last).status, 200);
  for (const place of taken) place.leave();
  assert.deepEqual(underWay(), NOBODY);
});
