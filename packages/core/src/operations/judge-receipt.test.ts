// What a receipt that somebody holds proves, and what an id says that is not there.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { uuidv7 } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { afterMs, type Instant } from "../kernel/time.ts";
import { RECEIPT_KEPT, revocationKey } from "../revocation/revocation-row.ts";
import { at, START, TENANT } from "../testing/builders.ts";
import { aWorld, opened, revoked, theSession, type World } from "../testing/world.ts";
import { absenceOf, judgeReceipt } from "./judge-receipt.ts";
import { startEpoch } from "./start-epoch.ts";

const idMadeAt = (ms: Instant): string => uuidv7(ms, new Uint8Array(10).fill(7));

/** A revocation whose row the store has lost. */
async function lost(world: World) {
  const { session } = await opened(world);
  const { id, pos, committed } = await revoked(world, theSession(session.id));
  const rows = [{ key: revocationKey(TENANT, id), expect: 1, next: "gone" as const }];
  await world.store.commit([{ attempt: "lost", rows, notices: [], facts: [] }]);
  return { id, pos, committed };
}

async function factsOf(world: World): Promise<readonly (readonly [string, unknown])[]> {
  return (await world.facts()).map(({ kind, body }) => [kind, JSON.parse(body)] as const);
}

describe("a receipt that is shown", () => {
  it("of a revocation that is there says so, and writes nothing [RCP-17]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const revocation = await revoked(world, theSession(session.id));
    const before = (await world.facts()).length;
    assert.deepEqual(await judgeReceipt(world, revocation), { kind: "kept", revocation });
    assert.equal((await world.facts()).length, before);
  });

  it("of one that is lost begins an epoch above it, once, and is a fact each time [RCP-17] [POS-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const shown = await lost(world);
    world.wait(5);
    const since = world.now();
    assert.deepEqual(await judgeReceipt(world, shown), { kind: "lost", epoch: 2, since });
    assert.deepEqual((await factsOf(world)).slice(-2), [
      ["epoch_started", { cause: "receipt_ahead", epoch: 2 }],
      ["receipt_lost", { revocation: shown.id, pos: "1.1" }],
    ]);
    world.wait(5);
    assert.deepEqual(await judgeReceipt(world, shown), { kind: "lost", epoch: 2, since });
    assert.deepEqual(
      (await factsOf(world)).slice(-2).map(([kind]) => kind),
      ["receipt_lost", "receipt_lost"],
    );
  });

  it("proves nothing from a minute before its time is over [RCP-17]", async () => {
    const world = await aWorld(createMemoryStore);
    const shown = await lost(world);
    const end = afterMs(shown.committed, RECEIPT_KEPT - 60_000);
    world.setNow(end);
    assert.deepEqual(await judgeReceipt(world, shown), { kind: "expired" });
    assert.ok(!(await factsOf(world)).some(([kind]) => kind === "receipt_lost"));
    world.setNow(afterMs(end, -1));
    assert.equal((await judgeReceipt(world, shown)).kind, "lost");
  });
});

describe("a revocation that is not there", () => {
  const said = (world: World, id: string): Promise<string> => absenceOf(world, id);

  it("was never there where no epoch has begun [RCP-18]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await said(world, idMadeAt(START)), "revocation_not_found");
  });

  it("may be lost when its id was made until the newest epoch began, and a receipt of then is still kept [RCP-18]", async () => {
    const world = await aWorld(createMemoryStore);
    world.wait(10_000);
    const began = world.now();
    await startEpoch(world, { epoch: 1, seq: 0 }, "restore");
    world.wait(10_000);
    for (const [ms, answer] of [
      [-1, "revocation_perhaps_lost"],
      [0, "revocation_perhaps_lost"],
      [1, "revocation_not_found"],
    ] as const)
      assert.equal(await said(world, idMadeAt(afterMs(began, ms))), answer);
    const id = idMadeAt(at(0));
    world.setNow(at(RECEIPT_KEPT - 1));
    assert.equal(await said(world, id), "revocation_perhaps_lost");
    world.setNow(at(RECEIPT_KEPT));
    assert.equal(await said(world, id), "revocation_not_found");
  });

  it("was never there under an id that none of ours can have [RCP-18]", async () => {
    const world = await aWorld(createMemoryStore);
    await startEpoch(world, { epoch: 1, seq: 0 }, "restore");
    const id = idMadeAt(START);
    for (const other of ["nothing", `${id.slice(0, 14)}4${id.slice(15)}`])
      assert.equal(await said(world, other), "revocation_not_found");
    assert.equal(await said(world, id), "revocation_perhaps_lost");
  });
});
