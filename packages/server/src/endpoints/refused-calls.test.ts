// What becomes of refused calls: each is a fact, and a flood is a number.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientId, type FactDraft, Fault, type Store } from "@hallpass/core";
import type { Services } from "../services.ts";
import { boundedClient } from "../testing/bounded-client.ts";
import { basicHeader, type Scene, scene } from "../testing/scene.ts";
import { createRefusedCalls } from "./refused-calls.ts";

interface Told {
  readonly client: string | null;
  readonly route: string;
  readonly code: string;
  readonly times: number;
}

function told(drafts: readonly FactDraft[]): readonly Told[] {
  return drafts.filter(({ kind }) => kind === "call_refused").map(({ body }) => JSON.parse(body) as Told);
}

async function listening(): Promise<{ readonly stage: Scene; readonly facts: () => readonly Told[] }> {
  const drafts: FactDraft[] = [];
  const stage = await scene({ wrapStore: (store) => hearing(store, drafts) });
  return { stage, facts: () => told(drafts.splice(0)) };
}

function hearing(store: Store, drafts: FactDraft[]): Store {
  return {
    ...store,
    commit: async (changes) => {
      for (const change of changes) drafts.push(...change.facts);
      return store.commit(changes);
    },
  };
}

test("a refused call is a fact with who, what and why [CALL-1]", async () => {
  const { stage, facts } = await listening();
  await stage.send({ path: "/v1/keys" });
  await stage.send({ path: "/v1/keys", headers: { authorization: "Bearer x" } });
  await stage.send({ path: "/v1/keys", headers: { authorization: `Bearer ${await stage.bearer("sessions:read")}` } });
  const form = { grant_type: "client_credentials" };
  await stage.send({ path: "/oauth2/token", headers: basicHeader("operator:hpc_x"), form });
  await stage.services.refusedCalls.flush();
  assert.deepEqual(facts(), [
    { client: null, route: "/v1/keys", code: "bearer_missing", times: 1 },
    { client: null, route: "/v1/keys", code: "bearer_refused", times: 1 },
    { client: "operator", route: "/v1/keys", code: "scope_missing", times: 1 },
    { client: null, route: "/oauth2/token", code: "client_unauthenticated", times: 1 },
  ]);
});

test("what is refused for what was written, not for who wrote it, is no such fact [CALL-1]", async () => {
  const { stage, facts } = await listening();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  await stage.send({ path: "/v1/sessions", headers, json: {} });
  await stage.send({ path: "/v1/sessions/x", headers });
  await stage.services.refusedCalls.flush();
  assert.deepEqual(facts(), []);
});

test("where the answer says that nothing is there, the fact says why [CALL-3]", async () => {
  const { stage, facts } = await listening();
  const bff = await boundedClient(stage, "bff", { scope: "sessions:read", mandate: { clients: ["web"] } });
  const { sid } = await stage.open();
  facts();
  assert.equal((await bff.call({ path: `/v1/sessions/${sid}` })).json["code"], "session_not_found");
  await stage.services.refusedCalls.flush();
  assert.deepEqual(facts(), [{ client: "bff", route: "/v1/sessions/:id", code: "mandate_exceeded", times: 1 }]);
});

test("a flood is two facts in a minute: the first call, and how many followed [CALL-2]", async () => {
  const { stage, facts } = await listening();
  for (let call = 0; call < 1000; call += 1) await stage.send({ path: "/v1/keys" });
  await stage.services.refusedCalls.flush();
  assert.deepEqual(
    facts().map(({ times }) => times),
    [1, 999],
  );
  await stage.services.refusedCalls.flush();
  assert.deepEqual(facts(), [], "a quiet minute has none");
  await stage.send({ path: "/v1/keys" });
  await stage.services.refusedCalls.flush();
  assert.deepEqual(
    facts().map(({ times }) => times),
    [1],
  );
});

test("kinds beyond five hundred are counted together [CALL-2]", async () => {
  const { stage, facts } = await listening();
  const { refusedCalls } = stage.services;
  for (let client = 0; client < 600; client += 1)
    refusedCalls.note(`c-${client}` as ClientId, "/v1/keys", "scope_missing");
  await refusedCalls.flush();
  const all = facts();
  assert.equal(all.length, 501);
  assert.deepEqual(all.at(-1), { client: null, route: "more", code: "more", times: 100 });
});

interface Unsteady {
  readonly refusedCalls: ReturnType<typeof createRefusedCalls>;
  readonly failures: unknown[];
  readonly facts: () => readonly Told[];
  /** So many commits succeed from now on. */
  readonly allow: (commits: number) => void;
}

async function unsteady(): Promise<Unsteady> {
  const { services } = await scene();
  const drafts: FactDraft[] = [];
  let left = 0;
  const store: Services["store"] = {
    ...services.store,
    commit: async (changes) => {
      left -= 1;
      if (left < 0) throw new Fault("store_unavailable");
      for (const change of changes) drafts.push(...change.facts);
      return services.store.commit(changes);
    },
  };
  const failures: unknown[] = [];
  const refusedCalls = createRefusedCalls({ ...services, store }, (thrown) => failures.push(thrown));
  const allow = (commits: number): void => {
    left = commits;
  };
  return { refusedCalls, failures, facts: () => told(drafts.splice(0)), allow };
}

test("what a store could not take is told the next time, to the last call, and the failure is told [CALL-2]", async () => {
  const { refusedCalls, failures, facts, allow } = await unsteady();
  const refuse = (calls: number): void => {
    for (let call = 0; call < calls; call += 1) refusedCalls.note(null, "/v1/keys", "bearer_missing");
  };
  refuse(5);
  await assert.rejects(refusedCalls.flush(), { code: "store_unavailable" });
  assert.equal(failures.length, 1);
  refuse(3);
  await assert.rejects(refusedCalls.flush(), { code: "store_unavailable" });
  refuse(2);
  allow(100);
  await refusedCalls.flush();
  assert.deepEqual(
    facts().map(({ times }) => times),
    [10],
  );
  await refusedCalls.flush();
  assert.deepEqual(facts(), []);
});

test("calls that come while a write fails are added to what it could not write, and what it had written is not told again [CALL-2]", async () => {
  const { refusedCalls, facts, allow } = await unsteady();
  const refuse = (): void => {
    for (let client = 0; client < 150; client += 1)
      refusedCalls.note(`c-${client}` as ClientId, "/v1/keys", "scope_missing");
  };
  allow(150);
  refuse();
  refuse();
  allow(1);
  await assert.rejects(refusedCalls.flush(), { code: "store_unavailable" });
  refuse();
  allow(1000);
  await refusedCalls.flush();
  const sums = new Map<string | null, number>();
  for (const { client, times } of facts()) sums.set(client, (sums.get(client) ?? 0) + times);
  assert.equal(sums.size, 150);
  assert.deepEqual([...new Set(sums.values())], [3]);
});
