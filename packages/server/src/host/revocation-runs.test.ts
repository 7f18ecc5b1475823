import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fault, readRevocation, revokeMany, type Scheduler } from "@hallpass/core";
import { type Scene, scene } from "../testing/scene.ts";
import { createRevocationRuns, type RevocationRuns } from "./revocation-runs.ts";

/** Fires at once: no test waits. */
const soon: Scheduler = {
  after: (_, task) => {
    let cancelled = false;
    queueMicrotask(() => {
      if (!cancelled) task();
    });
    return () => {
      cancelled = true;
    };
  },
};

async function begun(stage: Scene): Promise<string> {
  await stage.open({ device: { region: "eu" } });
  const target = { kind: "query", query: { region: "eu" } } as const;
  const answer = await revokeMany(stage.services, { target, reason: null, ticket: null, actor: null });
  assert.ok(answer.ok);
  return answer.value.id;
}

async function statusOf({ services: { store, tenant } }: Scene, id: string): Promise<string | undefined> {
  const read = await readRevocation(store, tenant, id);
  return read.ok ? read.value.run?.status : undefined;
}

function runs(
  stage: Scene,
  failed: (thrown: unknown) => void = () => {},
  store = stage.services.store,
): RevocationRuns {
  return createRevocationRuns({ ...stage.services, store }, { scheduler: soon, pause: stage.services.pause, failed });
}

/** Nothing is under way any more, and what was begun has been taken to its end. */
async function ended(some: RevocationRuns, stage: Scene, id: string): Promise<void> {
  for (let looks = 0; looks < 1000; looks += 1) {
    if ((await statusOf(stage, id)) === "complete") break;
    await stage.services.pause();
  }
  await some.stop();
}

describe("a run that is not complete", () => {
  it("is begun by the next process [RCP-11]", async () => {
    const stage = await scene();
    const id = await begun(stage);
    const next = runs(stage);
    await next.resume();
    await ended(next, stage, id);
    assert.equal(await statusOf(stage, id), "complete");
  });

  it("is left alone by another node while it moves, and taken up when it has not [RCP-11]", async () => {
    const stage = await scene();
    const id = await begun(stage);
    const other = runs(stage);
    await other.takeUpStalled();
    await stage.services.pause();
    assert.equal(await statusOf(stage, id), "running");
    await other.takeUpStalled();
    await ended(other, stage, id);
    assert.equal(await statusOf(stage, id), "complete");
  });

  it("is looked for among what is young or still runs, and not among all receipts again, but for now and then [RCP-11]", async () => {
    const stage = await scene();
    const id = await begun(stage);
    const { store } = stage.services;
    const places: (string | undefined)[] = [];
    const watched = {
      ...store,
      list: async (query: Parameters<typeof store.list>[0]) => {
        if (query.kind === "revocation") places.push(query.after);
        return store.list(query);
      },
    };
    const other = runs(stage, undefined, watched);
    await other.takeUpStalled();
    stage.clock.advance(3_600_000);
    await other.takeUpStalled();
    await ended(other, stage, id);
    const later = runs(stage, undefined, watched);
    for (let look = 0; look < 61; look += 1) await later.takeUpStalled();
    await later.stop();
    const [first, second, third, fourth] = places;
    assert.deepEqual([first, third], [undefined, undefined]);
    assert.ok(second !== undefined && second < id, "what has run for an hour is looked at");
    assert.ok(fourth !== undefined && fourth > id, "what is over for an hour is not");
    assert.equal(places.filter((place) => place === undefined).length, 3);
  });

  it("goes on after faults of the store, and each is told [RCP-11]", async () => {
    const stage = await scene();
    const id = await begun(stage);
    const told: unknown[] = [];
    let faults = 3;
    const { store } = stage.services;
    const faulty = {
      ...store,
      list: async (query: Parameters<typeof store.list>[0]) => {
        if (query.kind === "session" && (faults -= 1) >= 0) throw new Fault("store_unavailable");
        return store.list(query);
      },
    };
    const some = runs(stage, (thrown) => void told.push(thrown), faulty);
    some.begin(id);
    some.begin(id);
    await ended(some, stage, id);
    assert.equal(await statusOf(stage, id), "complete");
    assert.equal(told.length, 3);
    assert.ok(told.every((thrown) => thrown instanceof Fault));
  });

  it("takes no step after it was stopped", async () => {
    const stage = await scene();
    const id = await begun(stage);
    const some = runs(stage);
    await some.stop();
    some.begin(id);
    await some.resume();
    await some.settled(id, 1000);
    assert.equal(await statusOf(stage, id), "running");
  });
});
