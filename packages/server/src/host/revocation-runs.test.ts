import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Fault,
  type Outcome,
  readRevocation,
  revoke,
  revokeMany,
  type Scheduler,
  type SessionId,
} from "@hallpass/core";
import { type Scene, scene } from "../testing/scene.ts";
import { createRevocationRuns, type RevocationRuns } from "./revocation-runs.ts";
import { watchRuns } from "./written-runs.ts";

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

  it("is looked for by its id alone where nobody else can have written it, and no more when it is over [RCP-11]", async () => {
    const stage = await scene();
    const reads: string[] = [];
    const { store } = stage.services;
    const written = watchRuns({
      ...store,
      read: (keys) => {
        for (const { kind, id } of keys) if (kind === "revocation") reads.push(id);
        return store.read(keys);
      },
      list: () => Promise.reject(new Error("nothing is looked through")),
    });
    assert.ok(written !== undefined);
    const some = createRevocationRuns(
      { ...stage.services, store: written.store },
      { scheduler: soon, pause: stage.services.pause, failed: () => {}, written: written.ids },
    );
    const { sid } = await stage.open();
    const why = { reason: null, ticket: null, actor: null };
    const small = {
      targets: [{ kind: "session", session: sid as SessionId } as const],
      endReason: "revoked",
      ...why,
    } as const;
    assert.ok((await revoke({ ...stage.services, store: written.store }, small)).ok);
    await some.takeUpStalled();
    assert.deepEqual([[...written.ids], reads], [[], []], "a revocation without a run");
    const target = { kind: "query", query: { region: "eu" } } as const;
    const large = await revokeMany({ ...stage.services, store: written.store }, { target, ...why });
    assert.ok(large.ok);
    const { id } = large.value;
    await some.takeUpStalled();
    assert.deepEqual([[...written.ids], reads], [[id], [id]], "its run goes on");
    const other = runs(stage);
    other.begin(id);
    await ended(other, stage, id);
    await some.takeUpStalled();
    assert.deepEqual([...written.ids], [], "its run is over");
    await some.stop();
  });

  it("is looked for also where nobody knows whether it was written, and not where it was not [RCP-11]", async () => {
    const stage = await scene();
    const { store } = stage.services;
    const outcomes: Outcome[] = [
      { kind: "conflict" },
      { kind: "failed", cause: null, full: false },
      { kind: "unknown", cause: null },
    ];
    const written = watchRuns({ ...store, commit: async () => [outcomes.shift() ?? { kind: "conflict" }] });
    assert.ok(written !== undefined);
    const tenant = stage.services.tenant;
    const next = { value: '{"layout":1,"run":{"status":"running"}}', expires: null };
    for (const id of ["conflict", "failed", "unknown"]) {
      const rows = [{ key: { tenant, kind: "revocation", id }, expect: "absent", next }] as const;
      await written.store.commit([{ attempt: id, rows, notices: [], facts: [] }]);
    }
    assert.deepEqual([...written.ids], ["unknown"]);
    assert.equal(watchRuns({ ...store, traits: { ...store.traits, nodes: "many" } }), undefined);
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
