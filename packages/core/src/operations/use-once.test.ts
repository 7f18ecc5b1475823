// One-time is one-time, on every node.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import { afterMs } from "../kernel/time.ts";
import { withMishaps } from "../testing/stores.ts";
import { aWorld, type World } from "../testing/world.ts";
import { type OneTime, useOnce } from "./use-once.ts";

function named(world: World, changes: Partial<OneTime> = {}): OneTime {
  return { type: "client_assertion", owner: "web", name: "a", until: afterMs(world.now(), 1000), ...changes };
}

describe("a name that is good once", () => {
  it("is used up by one of all who try at once, on any node [CAUTH-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const nodes = [world, world.node(), world.node(), world.node()];
    const tries = Array.from({ length: 64 }, (_, index) => useOnce(nodes[index % 4] ?? world, named(world)));
    assert.equal((await Promise.all(tries)).filter(Boolean).length, 1);
  });

  it("stays so until its time, and is free again from that instant on [CAUTH-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = named(world);
    assert.equal(await useOnce(world, one), true);
    assert.equal((await world.store.due({ kind: "one_time", by: one.until, limit: 2 })).length, 1);
    world.wait(999);
    assert.equal(await useOnce(world.node(), one), false);
    world.wait(1);
    assert.equal(await useOnce(world, named(world)), true);
    assert.equal(await useOnce(world, named(world)), false);
  });

  it("is another one for another owner, and in no other way the same [CAUTH-6]", async () => {
    const world = await aWorld(createMemoryStore);
    for (const changes of [
      {},
      { owner: "backend" },
      { name: "b" },
      { owner: "web a", name: "" },
      { owner: "", name: "web a" },
    ])
      assert.equal(await useOnce(world, named(world, changes)), true);
  });

  it("is neither used nor free when the store can't say so [CAUTH-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const node = world.node(withMishaps(world.store, ["failed"]));
    await assert.rejects(useOnce(node, named(world)), (error) => error instanceof Fault);
    assert.equal(await useOnce(world, named(world)), true);
  });

  it("is used up by the try whose answer was lost, and by that one alone [CAUTH-6]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await useOnce(world.node(withMishaps(world.store, ["kept"])), named(world)), true);
    assert.equal(await useOnce(world, named(world)), false);
    const lost = named(world, { name: "b" });
    assert.equal(await useOnce(world.node(withMishaps(world.store, ["lost"])), lost), true);
    assert.equal(await useOnce(world, lost), false);
  });
});
