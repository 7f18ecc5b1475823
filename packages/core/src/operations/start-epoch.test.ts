import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Position } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import fc from "fast-check";
import type { SubjectId } from "../kernel/ids.ts";
import { accessTextOf, aWorld, opened, refreshed, refreshTextOf, revoked, type World } from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { issuerKey } from "./bootstrap-issuer.ts";
import { startEpoch } from "./start-epoch.ts";

async function headOf(world: World): Promise<Position> {
  return (await world.store.read([])).head.pos;
}

const anyone = { kind: "subject", subject: "anyone" as SubjectId } as const;

describe("a new epoch", () => {
  it("lies above head and cursor in both parts, and is a notice of its own [POS-4] [POS-3]", async () => {
    const world = await aWorld(createMemoryStore);
    await revoked(world, anyone);
    assert.deepEqual(await startEpoch(world, { epoch: 1, seq: 50 }, "cursor_ahead"), { epoch: 2, seq: 51 });
    assert.deepEqual((await world.notices()).at(-1)?.taking, { kind: "epoch" });
    const fact = (await world.facts()).at(-1);
    assert.deepEqual([fact?.kind, fact?.body], ["epoch_started", JSON.stringify({ cause: "cursor_ahead", epoch: 2 })]);
    await revoked(world, anyone);
    assert.deepEqual(await headOf(world), { epoch: 2, seq: 52 });
  });

  it("is started once by two nodes that see the same cursor [POS-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const above = { epoch: 1, seq: 7 };
    const both = await Promise.all([
      startEpoch(world, above, "cursor_ahead"),
      startEpoch(world.node(), above, "cursor_ahead"),
    ]);
    assert.deepEqual(both, [
      { epoch: 2, seq: 8 },
      { epoch: 2, seq: 8 },
    ]);
    assert.equal((await world.notices()).length, 1);
  });

  it("is started for a cursor of an older epoch whose number lies ahead: seq never falls [POS-4] [F-10]", async () => {
    const world = await aWorld(createMemoryStore);
    const key = issuerKey(world.issuer.tenant);
    const issuer = (await world.store.read([key])).get(key);
    await startEpoch(world, { epoch: 1, seq: 0 }, "store_regressed");
    assert.deepEqual(await headOf(world), { epoch: 2, seq: 1 });
    const after = (await world.store.read([key])).get(key);
    assert.deepEqual([after?.value, after?.expires], [issuer?.value, null]);
    assert.deepEqual(await startEpoch(world, { epoch: 1, seq: 50 }, "cursor_ahead"), { epoch: 3, seq: 51 });
    assert.equal((await world.facts()).at(-1)?.body, JSON.stringify({ cause: "cursor_ahead", epoch: 3 }));
  });

  it("whatever cursors are shown in whatever order, leaves every one of them behind in both parts [POS-2] [POS-3] [POS-4]", async () => {
    const position = fc.record({ epoch: fc.integer({ min: 1, max: 5 }), seq: fc.nat(20) }, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(fc.array(position, { maxLength: 6 }), async (shown) => {
        const world = await aWorld(createMemoryStore);
        let before = await headOf(world);
        for (const above of shown) {
          await startEpoch(world, above, "cursor_ahead");
          const head = await headOf(world);
          assert.ok(head.epoch > above.epoch && head.seq > above.seq);
          assert.ok(head.seq >= before.seq && head.epoch >= before.epoch);
          before = head;
        }
        const seqs = (await world.notices()).map((notice) => notice.pos.seq);
        assert.equal(new Set(seqs).size, seqs.length);
      }),
      { numRuns: 40 },
    );
  });

  it("refuses the access tokens of before, and no session ends: clients just refresh [F-10]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await startEpoch(world, { epoch: 1, seq: 0 }, "restore");
    assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
    const next = await refreshed(world, refreshTextOf(one));
    assert.ok(next.kind === "granted");
    assert.notEqual(await judgeAccessToken(world, accessTextOf(next)), undefined);
  });
});

describe("notices", () => {
  it("of two writers at once stand at positions of their own, one after the other [POS-3] [F-24]", async () => {
    const world = await aWorld(createMemoryStore);
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        revoked(index % 2 === 0 ? world : world.node(), { kind: "token", jti: `j-${index}`, expires: null }),
      ),
    );
    const seqs = answers.map((one) => one.pos.seq).toSorted((a, b) => a - b);
    assert.deepEqual(
      seqs,
      Array.from({ length: 32 }, (_, index) => index + 1),
    );
    assert.deepEqual(
      (await world.notices()).map((notice) => notice.pos.seq),
      seqs,
    );
  });

  it("begin right after 1.0, each with a mark of its own [POS-3] [POS-5]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.deepEqual(await headOf(world), { epoch: 1, seq: 0 });
    await revoked(world, anyone);
    await revoked(world, anyone);
    const marks = [
      await world.store.markAt({ epoch: 1, seq: 0 }),
      ...(await world.notices()).map((notice) => notice.mark),
    ];
    assert.equal(new Set(marks).size, 3);
    assert.equal((await world.store.read([])).head.mark, marks[2]);
  });
});
