// A policy whose refresh tokens stay what they are: for clients that authenticate, and for nobody else.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId } from "../kernel/ids.ts";
import { secondsOf } from "../kernel/time.ts";
import { type PolicyName, policyFromRow, policyKey } from "../sessions/policy-row.ts";
import { aClient, aPolicy, aRow, TENANT } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  accessTextOf,
  anOpening,
  asBackend,
  aWorld,
  BACKEND,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { applyPolicy } from "./apply-policy.ts";
import { changeClient } from "./change-client.ts";
import { openSession } from "./open-session.ts";
import { putPolicy, readPolicy } from "./policies.ts";
import { registerClient } from "./register-client.ts";

const RESTING = aPolicy({ name: "resting", rotation: "off" });
const resting = "resting" as PolicyName;
const test = "test" as PolicyName;

const aTown = (): Promise<World> => aWorld(createMemoryStore, { more: [RESTING] });

function put(world: World, name: PolicyName, rotation: "always" | "off") {
  return putPolicy(world, {
    name,
    edit: (current) => ({ ...(current ?? aPolicy()), rotation }),
    expectVersion: null,
    actor: null,
  });
}

function applied(world: World, name: PolicyName, version: number) {
  return applyPolicy(world, { name, version, after: null, limit: 100, actor: null });
}

describe("where nothing rotates", () => {
  it("a client that authenticates gets the same refresh token for as long as the session lives, and a fresh access token each time [RT-12]", async () => {
    const world = await aTown();
    const one = await opened(world, { client: BACKEND, policy: "resting" });
    const token = refreshTextOf(one);
    const credentials = asBackend(world);
    const seen = new Set<string>();
    for (let n = 0; n < 19; n += 1) {
      world.wait(50_000);
      const next = await refreshed(world, token, { credentials });
      assert.ok(next.kind === "granted");
      assert.deepEqual([next.outcome, refreshTextOf(next)], ["retried", token]);
      assert.ok((await judgeAccessToken(world, accessTextOf(next))) !== undefined);
      seen.add(accessTextOf(next));
    }
    assert.equal(seen.size, 19);
    world.wait(50_000);
    assert.equal((await refreshed(world, token, { credentials })).kind, "refused", "the absolute end holds");
    assert.equal((await world.facts()).filter(({ kind }) => kind === "token_refreshed").length, 0);
  });

  it("a refresh writes when activity moved by a tenth of the idle time, and the session ends of idleness otherwise [RT-12]", async () => {
    const world = await aTown();
    const one = await opened(world, { client: BACKEND, policy: "resting" });
    const { store, changes } = counting(world.store);
    const node = { ...world, ...world.node(store) };
    const credentials = asBackend(world);
    const refreshAfter = async (ms: number): Promise<number> => {
      world.wait(ms);
      assert.equal((await refreshed(node, refreshTextOf(one), { credentials })).kind, "granted");
      return changes().length;
    };
    assert.deepEqual([await refreshAfter(9999), await refreshAfter(1), await refreshAfter(9999)], [0, 1, 1]);
    const told = (await world.facts()).filter(({ kind }) => kind === "session_kept_alive");
    assert.deepEqual(
      told.map(({ body }) => JSON.parse(body)),
      [{ by: "refresh" }],
    );
    world.wait(90_001);
    const idle = await refreshed(world, refreshTextOf(one), { credentials });
    assert.ok(idle.kind === "refused" && idle.end?.reason === "idle");
  });

  it("a revocation ends it as any other, and another client's credentials get nothing [RT-12] [R-28]", async () => {
    const world = await aTown();
    const one = await opened(world, { client: BACKEND, policy: "resting" });
    const stolen = await refreshed(world, refreshTextOf(one));
    assert.ok(stolen.kind === "refused" && stolen.outcome === "misbound");
    await revoked(world, theSession(one.session.id));
    assert.equal((await refreshed(world, refreshTextOf(one), { credentials: asBackend(world) })).kind, "refused");
  });
});

describe("a public client", () => {
  it("opens nothing under such a policy, is not registered with it, and can't be given it [RT-12] [POL-14] [REF-3]", async () => {
    const world = await aTown();
    const refusal = { ok: false, code: "rotation_required" };
    assert.deepEqual(await openSession(world, anOpening({ policy: "resting" })), refusal);
    const spa = aClient({ id: "spa" as ClientId, policy: "resting" });
    assert.deepEqual(await registerClient(world, spa, null), refusal);
    const change = { policy: "resting" };
    assert.deepEqual(await changeClient(world, aClient().id, change, null, () => undefined), refusal);
    assert.ok((await changeClient(world, BACKEND, change, null, () => undefined)).ok);
    assert.equal((await world.facts()).filter(({ kind }) => kind === "session_opened").length, 0);
  });

  it("keeps the policy that it names from being edited so: its openings would be refused [POL-14]", async () => {
    const world = await aTown();
    assert.deepEqual(await put(world, test, "off"), { ok: false, code: "rotation_required" });
    const found = await readPolicy(world, test);
    assert.ok(found.ok && found.value.policy.version === 1);
    assert.ok((await put(world, "other" as PolicyName, "off")).ok);
  });

  it("rotates on in a session whose policy is applied with rotation off, and the others stop [POL-14] [POL-11]", async () => {
    const world = await aWorld(createMemoryStore, { more: [{ ...RESTING, rotation: "always" }] });
    const ofPublic = await opened(world, { policy: "resting" });
    const ofBackend = await opened(world, { client: BACKEND, policy: "resting" });
    assert.ok((await put(world, resting, "off")).ok);
    const done = await applied(world, resting, 2);
    assert.ok(done.ok && done.value.changed === 2);
    const again = await applied(world, resting, 2);
    assert.ok(again.ok && again.value.changed === 0);
    const rotated = await refreshed(world, refreshTextOf(ofPublic));
    assert.ok(rotated.kind === "granted" && rotated.outcome === "rotated");
    const credentials = asBackend(world);
    const kept = await refreshed(world, refreshTextOf(ofBackend), { credentials });
    assert.ok(kept.kind === "granted" && kept.outcome === "retried");
    assert.ok((await put(world, resting, "always")).ok);
    assert.ok((await applied(world, resting, 3)).ok);
    const on = await refreshed(world, refreshTextOf(ofBackend), { credentials });
    assert.ok(on.kind === "granted" && on.outcome === "rotated");
  });
});

it("a policy's row of before there was a choice rotates [POL-4]", async () => {
  const { name: _, rotation: _rotation, ...numbers } = aPolicy({ idle: secondsOf(77) });
  const value = JSON.stringify({ layout: 1, ...numbers, put: null, since: {} });
  const { policy } = policyFromRow(aRow(policyKey(TENANT, "old"), { value, expires: null }));
  assert.deepEqual([policy.rotation, policy.idle], ["always", 77]);
});
