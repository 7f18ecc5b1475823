// A session with more facts than one page holds: what is explained, exported and erased of it is all of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { sessionFact } from "../facts.ts";
import type { SubjectId } from "../kernel/ids.ts";
import { TENANT } from "../testing/builders.ts";
import { aWorld, opened, revoked, theSession, type World } from "../testing/world.ts";
import { beginErasure, eraseSubject, firstErasurePlace } from "./erase-subject.ts";
import { explainSession } from "./explain-session.ts";
import { exportSubject } from "./export-subject.ts";
import { readRevocation } from "./read-revocation.ts";
import { revokeMany } from "./revoke-many.ts";
import { settleRevocation } from "./settle-revocation.ts";
import { readSubject } from "./subjects.ts";

const ADA = "ada" as SubjectId;
const PHONE = { name: "Ada's phone", userAgent: null, ip: null };

/** Opened, and kept alive so many times. */
async function aBusySession(world: World, times: number) {
  const { session } = await opened(world, { subject: ADA, device: PHONE });
  const facts = Array.from({ length: times }, () =>
    sessionFact(TENANT, session.id, world.now(), "session_kept_alive", { by: "call" }),
  );
  await world.store.commit([{ attempt: "busy", rows: [], notices: [], facts }]);
  return session;
}

for (const times of [199, 500])
  test(`a session that was kept alive ${times} times is explained, exported and erased whole [SUB-4] [SUB-6] [WHY-1]`, async () => {
    const world = await aWorld(createMemoryStore);
    const session = await aBusySession(world, times);
    const target = { kind: "query", query: { device: "Ada's phone" } } as const;
    const asked = await revokeMany(world, { target, reason: "lost", ticket: null, actor: "ops" });
    assert.ok(asked.ok);
    const { id } = asked.value;
    await settleRevocation(world, id, null);
    const explained = await explainSession(world.store, TENANT, session.id);
    assert.ok(explained.ok);
    assert.deepEqual(explained.value.by, { revocation: id, actor: "ops", reason: "lost", ticket: null });
    assert.equal(explained.value.before.length, 5);
    const page = await exportSubject(world, { subject: ADA, place: null, limit: 100, actor: "dpo" });
    const [, record] = page.records;
    assert.ok(record?.kind === "session");
    assert.deepEqual(
      [record.facts[0]?.kind, record.facts.length, record.facts.at(-1)?.kind],
      ["session_opened", times + 2, "session_ended"],
    );
    const told = (await world.facts()).findLast(({ kind }) => kind === "subject_exported");
    assert.equal(told?.body, '{"actor":"dpo"}');
    const begun = await beginErasure(world, { subject: ADA, reason: null, ticket: null, actor: null });
    const place = firstErasurePlace(begun);
    assert.equal((await eraseSubject(world, { subject: ADA, place, limit: 100, actor: null })).sessions, 1);
    const kept = await readRevocation(world.store, TENANT, id);
    assert.ok(kept.ok && !JSON.stringify(kept.value).includes("Ada's phone"));
  });

test("what the subject begins after its erasure began is still counted when that is done [SUB-5]", async () => {
  const world = await aWorld(createMemoryStore);
  const before = await opened(world, { subject: ADA });
  await revoked(world, theSession(before.session.id));
  const begun = await beginErasure(world, { subject: ADA, reason: null, ticket: null, actor: null });
  const { session } = await opened(world, { subject: ADA });
  for (let place: ReturnType<typeof firstErasurePlace> | null = firstErasurePlace(begun); place !== null; )
    place = (await eraseSubject(world, { subject: ADA, place, limit: 100, actor: "dpo" })).next;
  assert.deepEqual((await readSubject(world.store, TENANT, ADA)).liveSessions, [session.id]);
  const last = (await world.facts()).at(-1);
  assert.deepEqual([last?.kind, last?.body], ["subject_erased", '{"kept":true,"actor":"dpo"}']);
});
