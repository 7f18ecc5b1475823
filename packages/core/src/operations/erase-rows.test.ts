// Which rows an erasure takes, which facts it leaves of them, and what it leaves alone.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { TENANT } from "../testing/builders.ts";
import { aWorld, opened, revoked, theSession, type World } from "../testing/world.ts";
import { settleOnce, takeOnce } from "./answer-once.ts";
import { beginErasure, type ErasurePlace, eraseSubject, firstErasurePlace } from "./erase-subject.ts";
import { readRevocation } from "./read-revocation.ts";

const ADA = "ada" as SubjectId;
const BOB = "bob" as SubjectId;

function begun(world: World) {
  return beginErasure(world, { subject: ADA, reason: "asked for", ticket: "DPO-1", actor: "dpo" });
}

async function toTheEnd(world: World, from: ErasurePlace) {
  const sums = { sessions: 0, receipts: 0, answers: 0 };
  for (let place: ErasurePlace | null = from; place !== null; ) {
    const step: Awaited<ReturnType<typeof eraseSubject>> = await eraseSubject(world, {
      subject: ADA,
      place,
      limit: 100,
      actor: "dpo",
    });
    for (const name of ["sessions", "receipts", "answers"] as const) sums[name] += step[name];
    place = step.next;
  }
  return sums;
}

async function factsOf(world: World, kind: string): Promise<readonly unknown[]> {
  return (await world.facts())
    .filter((one) => one.kind === kind)
    .map(({ session, body }) => [session, JSON.parse(body)]);
}

describe("an erasure", () => {
  it("begins with a receipt that names nobody, and a fact with how many it ends [SUB-5]", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world, { subject: ADA });
    const { id, targets, ...receipt } = await begun(world);
    const [target] = targets;
    assert.ok(targets.length === 1 && target?.kind === "subject");
    assert.match(target.subject, /^erased-/);
    assert.deepEqual(receipt, {
      pos: { epoch: 1, seq: 1 },
      committed: world.now(),
      reason: "asked for",
      ticket: "DPO-1",
      actor: "dpo",
      endedSessions: 1,
      tokensExpireBy: afterMs(world.now(), 605_000),
    });
    assert.deepEqual(await readRevocation(world.store, TENANT, id), { ok: true, value: { id, targets, ...receipt } });
    assert.deepEqual(await factsOf(world, "subject_erasing"), [[null, { revocation: id, sessions: 1, actor: "dpo" }]]);
  });

  it("tells of each session's end once: of those that were over before, and of those that it ended [SUB-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const idle = await opened(world, { subject: ADA });
    world.wait(100_000);
    const over = await opened(world, { subject: ADA });
    const alive = await opened(world, { subject: ADA });
    const bobs = await opened(world, { subject: BOB });
    const revocation = await revoked(world, theSession(over.session.id));
    const erasure = await begun(world);
    const at = world.now();
    assert.deepEqual((await toTheEnd(world, firstErasurePlace(erasure))).sessions, 3);
    assert.deepEqual(await factsOf(world, "session_ended"), [
      [over.session.id, { reason: "revoked", at_ms: at, revocation: revocation.id }],
      [idle.session.id, { reason: "idle", at_ms: afterMs(idle.session.opened, 100_000), revocation: null }],
      [alive.session.id, { reason: "subject_erased", at_ms: at, revocation: null }],
    ]);
    assert.deepEqual(await factsOf(world, "subject_erased"), [[null, { kept: false, actor: "dpo" }]]);
    const left = await world.store.list({ tenant: TENANT, kind: "session", limit: 9 });
    assert.deepEqual(
      left.map(({ key }) => key.id),
      [bobs.session.id],
    );
  });

  it("takes the name out of answers that are kept for retries, of that person alone, and counts them [SUB-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const once = (key: string) => ({ caller: "desk" as ClientId, key, fingerprint: "f" });
    for (const subject of [ADA, BOB]) {
      await takeOnce(world, once(subject));
      await settleOnce(world, once(subject), { status: 200, body: JSON.stringify({ subject, ref: "r" }) });
    }
    const erasure = await begun(world);
    assert.equal((await toTheEnd(world, firstErasurePlace(erasure))).answers, 1);
    const bodyOf = async (subject: SubjectId): Promise<unknown> => {
      const kept = await takeOnce(world, once(subject));
      assert.ok(kept.ok && kept.value !== null);
      return JSON.parse(kept.value.body);
    };
    const { subject, ref } = (await bodyOf(ADA)) as { readonly subject: string; readonly ref: string };
    assert.match(subject, /^erased-/);
    assert.equal(ref, subject);
    assert.deepEqual(await bodyOf(BOB), { subject: BOB, ref: "r" });
    assert.equal((await toTheEnd(world, firstErasurePlace(await begun(world)))).answers, 0);
  });
});
