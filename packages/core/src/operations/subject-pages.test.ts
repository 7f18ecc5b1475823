// Going through everything that may be about one subject, in steps of any size.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SessionId, SubjectId } from "../kernel/ids.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import { aWorld, opened, revoked, type World } from "../testing/world.ts";
import { settleOnce, takeOnce } from "./answer-once.ts";
import {
  ERASED_KINDS,
  EXPORTED_KINDS,
  FIRST_PLACE,
  placeFromText,
  placeToText,
  type SubjectKind,
  type SubjectPlace,
  type SubjectRows,
  subjectRows,
} from "./subject-pages.ts";

const ADA = "ada" as SubjectId;
const BOB = "bob" as SubjectId;

/** Sessions of Ada, of Bob, and of Ada twice. */
async function aTown(): Promise<{ readonly world: World; readonly ids: readonly SessionId[] }> {
  const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 100 }) });
  const ids: SessionId[] = [];
  for (const subject of [ADA, BOB, ADA, ADA]) {
    ids.push((await opened(world, { subject })).session.id);
    world.wait(1);
  }
  return { world, ids };
}

function step(
  world: World,
  place: SubjectPlace,
  limit: number,
  most: number,
  kinds: readonly SubjectKind[] = ERASED_KINDS,
) {
  return subjectRows(world.store, TENANT, ADA, place, { kinds, limit, most });
}

const told = ({ rows, examined, next }: SubjectRows): unknown => [rows.map(({ key }) => key.id), examined, next];

describe("a step through what may be about a subject", () => {
  it("ends at the row that makes it full, and the next one goes on behind it: no row is passed over [SUB-5]", async () => {
    const { world, ids } = await aTown();
    const behind = (index: number): SubjectPlace => ({ kind: "session", after: ids[index] ?? null });
    for (const limit of [4, 10]) {
      assert.deepEqual(told(await step(world, FIRST_PLACE, limit, 1)), [[ids[0]], 1, behind(0)]);
      assert.deepEqual(told(await step(world, behind(0), limit, 1)), [[ids[2]], 2, behind(2)]);
      assert.deepEqual(told(await step(world, FIRST_PLACE, limit, 2)), [[ids[0], ids[2]], 3, behind(2)]);
    }
    assert.deepEqual(told(await step(world, FIRST_PLACE, 2, 10)), [[ids[0]], 2, behind(1)]);
  });

  it("goes on with the next kind where this one is over, also when it is full at the very end, and ends behind the last [SUB-5]", async () => {
    const { world, ids } = await aTown();
    const [first, second, third] = ERASED_KINDS.map((kind): SubjectPlace => ({ kind, after: null }));
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const all = [ids[0], ids[2], ids[3]];
    for (const most of [3, 10]) assert.deepEqual(told(await step(world, first, 10, most)), [all, 4, second]);
    assert.deepEqual(told(await step(world, first, 4, 10)), [all, 4, { kind: "session", after: ids[3] }]);
    assert.deepEqual(told(await step(world, { kind: "session", after: ids[3] ?? null }, 4, 10)), [[], 0, second]);
    assert.deepEqual(told(await step(world, second, 10, 10)), [[], 0, third]);
    assert.deepEqual(told(await step(world, third, 10, 10)), [[], 0, null]);
    assert.deepEqual(told(await step(world, second, 10, 10, EXPORTED_KINDS)), [[], 0, null]);
  });

  it("finds the revocations and the kept answers that name the subject, and no other [SUB-5]", async () => {
    const { world } = await aTown();
    const ofAda = await revoked(world, { kind: "subject", subject: ADA });
    await revoked(world, { kind: "subject", subject: BOB });
    const revocations = await step(world, { kind: "revocation", after: null }, 10, 10);
    assert.deepEqual(told(revocations), [[ofAda.id], 2, { kind: "idempotency", after: null }]);
    for (const subject of [ADA, BOB]) {
      const once = { caller: "desk" as ClientId, key: subject, fingerprint: "f" };
      await takeOnce(world, once);
      await settleOnce(world, once, { status: 200, body: JSON.stringify({ subject }) });
    }
    const { rows, examined, next } = await step(world, { kind: "idempotency", after: null }, 10, 10);
    assert.deepEqual([rows.length, examined, next], [1, 2, null]);
    assert.ok(rows[0]?.value.includes(ADA));
  });
});

describe("the place of such a step", () => {
  it("is read from the text that it is written as, and from its beginning where nothing follows the kind [SUB-5]", () => {
    for (const kind of ERASED_KINDS)
      for (const after of [null, "019a9c3e"]) {
        const place: SubjectPlace = { kind, after };
        assert.deepEqual(placeFromText(placeToText(place)), place);
      }
    assert.deepEqual(placeFromText("session"), FIRST_PLACE);
    for (const text of ["", "/", "client/a", "Session/"]) assert.equal(placeFromText(text), undefined);
  });
});
