// Who waits for a receipt or follows the log, seen from outside: real sockets, and verifiers that acknowledge when the test says so.

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
import { systemClock, systemDice, systemScheduler } from "./system-ports.ts";

const stage = await scene();
const dice = systemDice();
const admission = createAdmission({ clock: systemClock, scheduler: { after: () => () => {} }, dice, told: () => {} });
let acknowledged = Promise.withResolvers<void>();
let waiting = 0;
let arrived = (): void => {};
/** Called when somebody who follows the log begins to wait. */
let listens = (): void => {};
const { factBell } = stage.services;
const hallpass = createHallpass({
  ...stage.services,
  factBell: {
    rung: factBell.rung,
    next: (heard, ms) => {
      const next = factBell.next(heard, ms);
      listens();
      return next;
    },
  },
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
const at = { scheduler: systemScheduler, issuer: ISSUER, host: "127.0.0.1", port: 0, attach: () => {} };
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

async function endOfLog(): Promise<string> {
  const { json } = await send("GET", "/v1/log?kind=session_opened&limit=200");
  assert.equal(json["more"], false);
  return `kind=session_opened&after=${String(json["next_cursor"])}`;
}

const kindsIn = ({ json }: Answered): readonly string[] =>
  (json["facts"] as readonly { readonly kind: string }[]).map(({ kind }) => kind);

/** By a query and by a body. */
const FOLLOWING: readonly ((end: string) => Promise<Answered>)[] = [
  (end) => send("GET", `/v1/log?follow=30&${end}`),
  (end) => send("POST", "/v1/log", { kinds: ["session_opened"], after: end.split("after=")[1], follow_s: 30 }),
];

test("whoever follows the log has given its place back while there is no fact, and is answered with the next [LOAD-7]", async () => {
  for (const follow of FOLLOWING) {
    const end = await endOfLog();
    const listening = Promise.withResolvers<void>();
    listens = listening.resolve;
    const following = follow(end);
    await listening.promise;
    assert.deepEqual(underWay(), { ...NOBODY, waits: 1 });
    await stage.open();
    const page = await following;
    assert.deepEqual([page.status, kindsIn(page)], [200, ["session_opened"]]);
    assert.deepEqual(underWay(), NOBODY);
  }
});

test("where too many wait, whoever follows the log gets what is there at once [LOAD-7]", async () => {
  listens = () => assert.fail("nobody may wait");
  const taken: Lane[] = [];
  for (let place = admission.enterWait(); place !== undefined; place = admission.enterWait()) taken.push(place);
  const before = lane("waits").turnedAway;
  for (const [index, follow] of FOLLOWING.entries()) {
    const page = await follow(await endOfLog());
    assert.deepEqual([page.status, kindsIn(page), page.json["more"]], [200, [], false]);
    assert.equal(lane("waits").turnedAway, before + index + 1);
  }
  // What is there already needs no wait.
  await stage.open();
  const page = await send("GET", "/v1/log?follow=30&kind=session_opened");
  assert.ok(page.status === 200 && kindsIn(page).length > 0);
  assert.equal(lane("waits").turnedAway, before + FOLLOWING.length);
  for (const place of taken) place.leave();
  assert.deepEqual(underWay(), NOBODY);
});
