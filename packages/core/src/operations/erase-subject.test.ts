// Export tells everything; erasure leaves nothing that tells.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import type { SessionQuery } from "../sessions/session-query.ts";
import { ROW_KINDS } from "../store/store.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import {
  accessTextOf,
  aRevoke,
  aWorld,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import {
  beginErasure,
  type ErasurePlace,
  eraseSubject,
  erasurePlaceFromText,
  erasurePlaceToText,
  firstErasurePlace,
} from "./erase-subject.ts";
import { type ExportedRecord, exportSubject } from "./export-subject.ts";
import { readRevocation } from "./read-revocation.ts";
import { revoke } from "./revoke.ts";
import { revokeMany } from "./revoke-many.ts";
import { settleRevocation } from "./settle-revocation.ts";
import { placeFromText, placeToText, type SubjectPlace } from "./subject-pages.ts";
import { blockSubject, readSubject } from "./subjects.ts";

const ADA = "ada@example.com" as SubjectId;
const BOB = "bob@example.com" as SubjectId;
const device = { name: "Ada's phone", userAgent: "Mozilla/5.0 (Ada)", ip: "192.0.2.81" };
const TELLING = ["ada@example.com", "Ada's phone", "Mozilla/5.0 (Ada)", "192.0.2.81", "gold-of-ada"];

/** Ada with five sessions, three of them over, one revoked by name; and Bob. */
async function aTown(): Promise<World> {
  const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 2 }) });
  for (let count = 0; count < 5; count += 1) {
    const one = await opened(world, { subject: ADA, device, claims: { plan: "gold-of-ada" } });
    await nextOf(world, refreshTextOf(one));
  }
  await opened(world, { subject: BOB });
  return world;
}

async function everyRow(world: World): Promise<string> {
  const rows = await Promise.all(ROW_KINDS.map((kind) => world.store.list({ tenant: TENANT, kind, limit: 1000 })));
  const facts = (await world.facts()).map(({ body }) => body);
  return [...rows.flat().flatMap(({ key, value }) => [key.id, value]), ...facts].join("\n");
}

async function exported(world: World, subject: SubjectId, limit = 1000): Promise<ExportedRecord[]> {
  const records: ExportedRecord[] = [];
  let place: SubjectPlace | null = null;
  do {
    const page = await exportSubject(world, { subject, place, limit, actor: null });
    assert.ok(page.examined <= limit);
    records.push(...page.records);
    place = page.next === null ? null : (placeFromText(placeToText(page.next)) ?? null);
  } while (place !== null);
  return records;
}

async function erased(world: World, subject: SubjectId, limit = 1000) {
  const begun = await beginErasure(world, { subject, reason: "asked for", ticket: null, actor: "dpo" });
  const sums = { sessions: 0, receipts: 0, steps: 0 };
  let place: ErasurePlace | null = firstErasurePlace(begun);
  do {
    const step: Awaited<ReturnType<typeof eraseSubject>> = await eraseSubject(world, {
      subject,
      place,
      limit,
      actor: "dpo",
    });
    assert.ok(step.examined <= limit);
    sums.sessions += step.sessions;
    sums.receipts += step.receipts;
    sums.steps += 1;
    place = step.next;
  } while (place !== null);
  return { begun, ...sums };
}

async function placeOfNext(world: World): Promise<ErasurePlace> {
  return firstErasurePlace(await beginErasure(world, { subject: ADA, reason: null, ticket: null, actor: null }));
}

async function toTheEnd(world: World, from: ErasurePlace): Promise<void> {
  for (let place: ErasurePlace | null = from; place !== null; )
    place = (await eraseSubject(world, { subject: ADA, place, limit: 1000, actor: null })).next;
}

describe("an export", () => {
  for (const limit of [1, 3, 1000])
    it(`in pages of ${limit} holds every session, dead or alive, with its facts, and every receipt [SUB-4]`, async () => {
      const world = await aTown();
      await revoked(world, { kind: "subject", subject: ADA });
      const records = await exported(world, ADA, limit);
      assert.deepEqual(
        records.map(({ kind }) => kind),
        ["subject", ...Array<string>(5).fill("session"), "revocation"],
      );
      const text = JSON.stringify(records);
      for (const telling of TELLING) assert.ok(text.includes(telling), telling);
      assert.equal(text.includes(BOB), false);
      const sessions = records.flatMap((one) => (one.kind === "session" ? [one] : []));
      assert.ok(sessions.every(({ facts }) => facts.some(({ kind }) => kind === "token_refreshed")));
    });

  it("of a subject that was never seen says just that, and is a fact", async () => {
    const world = await aTown();
    const records = await exported(world, "nobody" as SubjectId);
    assert.deepEqual(
      records.map(({ kind }) => kind),
      ["subject"],
    );
    assert.equal((await world.facts()).filter(({ kind }) => kind === "subject_exported").length, 1);
  });
});

describe("an erasure", () => {
  for (const limit of [1, 3, 1000])
    it(`in steps of ${limit} leaves nothing that tells of the subject, and everything of others [SUB-5]`, async () => {
      const world = await aTown();
      await revoked(world, { kind: "subject", subject: ADA });
      await opened(world, { subject: ADA, device });
      const before = await everyRow(world);
      for (const telling of TELLING) assert.ok(before.includes(telling), telling);
      const done = await erased(world, ADA, limit);
      assert.deepEqual([done.sessions, done.receipts, done.begun.endedSessions], [6, 1, 1]);
      const after = await everyRow(world);
      for (const telling of TELLING) assert.equal(after.includes(telling), false, telling);
      assert.ok(after.includes(BOB));
      assert.equal((await exported(world, BOB)).length, 2);
      assert.equal((await exported(world, ADA)).length, 1);
    });

  it("ends what lives, with a notice, a reason and a receipt that names nobody [SUB-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { subject: ADA });
    const { begun } = await erased(world, ADA);
    assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
    assert.equal((await refreshed(world, refreshTextOf(one))).kind, "refused");
    assert.deepEqual(
      (await world.notices()).map(({ taking }) => taking["kind"]),
      ["subject"],
    );
    const ended = (await world.facts()).find(({ kind }) => kind === "session_ended");
    assert.equal(JSON.parse(ended?.body ?? "{}").reason, "subject_erased");
    const kept = await readRevocation(world.store, TENANT, begun.id);
    assert.ok(kept.ok);
    assert.equal(JSON.stringify(kept.value).includes(ADA), false);
    assert.equal(kept.value.reason, "asked for");
  });

  it("leaves what the subject begins after it [SUB-5]", async () => {
    const world = await aTown();
    const place = await placeOfNext(world);
    const back = await opened(world, { subject: ADA });
    const step = await eraseSubject(world, { subject: ADA, place, limit: 1000, actor: null });
    assert.equal(step.sessions, 5);
    assert.equal((await refreshed(world, refreshTextOf(back))).kind, "granted");
    assert.deepEqual((await readSubject(world.store, TENANT, ADA)).liveSessions, [back.session.id]);
  });

  it("keeps a cut-off that came after it began: what was revoked since stays revoked [SUB-5]", async () => {
    const world = await aTown();
    const place = await placeOfNext(world);
    const back = await opened(world, { subject: ADA });
    await revoked(world, { kind: "subject", subject: ADA });
    await toTheEnd(world, place);
    assert.equal((await refreshed(world, refreshTextOf(back))).kind, "refused");
  });

  for (const firstDone of ["the first", "the second"])
    it(`leaves the cut-off of another that was begun since: of two at once, ${firstDone} done first [SUB-5]`, async () => {
      const world = await aTown();
      const begun = await placeOfNext(world);
      const first = (await eraseSubject(world, { subject: ADA, place: begun, limit: 1000, actor: null })).next;
      assert.equal(first?.kind, "revocation");
      const between = await opened(world, { subject: ADA });
      const second = await placeOfNext(world);
      for (const place of firstDone === "the first" ? [first, second] : [second, first]) {
        await toTheEnd(world, place);
        assert.equal((await refreshed(world, refreshTextOf(between))).kind, "refused");
        assert.equal(await judgeAccessToken(world, accessTextOf(between)), undefined);
      }
      assert.equal((await readSubject(world.store, TENANT, ADA)).liveSessions.length, 0);
      assert.equal((await exported(world, ADA)).length, 1);
      await nextOf(world, refreshTextOf(await opened(world, { subject: ADA })));
    });

  it("keeps a block that holds, and says so; one that is over goes [SUB-5]", async () => {
    const world = await aTown();
    await blockSubject(world, { subject: ADA, until: null, reason: "fraud", ticket: null, actor: null });
    await erased(world, ADA);
    assert.equal((await readSubject(world.store, TENANT, ADA)).block?.reason, "fraud");
    const keptOf = async () => {
      const last = (await world.facts()).findLast(({ kind }) => kind === "subject_erased");
      return (JSON.parse(last?.body ?? "{}") as { kept?: boolean }).kept;
    };
    assert.equal(await keptOf(), true);
    await erased(world, BOB);
    assert.equal(await keptOf(), false);
  });

  it("that was never begun erases nothing", async () => {
    const world = await aTown();
    const place = { kind: "session", after: null, cut: { epoch: 1, seq: 0 } } as const;
    const step = await eraseSubject(world, { subject: ADA, place, limit: 1000, actor: null });
    assert.equal(step.sessions, 0);
    assert.equal((await exported(world, ADA)).length, 6);
  });

  it("can be repeated, and finds nothing left [SUB-5]", async () => {
    const world = await aTown();
    await erased(world, ADA);
    const again = await erased(world, ADA);
    assert.deepEqual([again.sessions, again.begun.endedSessions], [0, 0]);
  });
});

describe("the words of a revocation by query", () => {
  const words = { device: "Ada's phone", userAgent: "Mozilla/5.0 (Ada)", ip: "192.0.2.81" };
  const region = "eu";

  async function begun(world: World, query: SessionQuery): Promise<string> {
    const target = { kind: "query", query } as const;
    const answer = await revokeMany(world, { target, reason: "why", ticket: null, actor: "dpo" });
    assert.ok(answer.ok);
    return answer.value.id;
  }

  async function ran(world: World, query: SessionQuery): Promise<string> {
    const id = await begun(world, query);
    await settled(world, id);
    return id;
  }

  async function settled(world: World, id: string): Promise<void> {
    for (let step = await settleRevocation(world, id, null); step.kind === "running"; )
      step = await settleRevocation(world, id, step.place);
  }

  async function queryOf(world: World, id: string): Promise<SessionQuery> {
    const read = await readRevocation(world.store, TENANT, id);
    assert.ok(read.ok);
    const [target] = read.value.targets;
    assert.ok(target?.kind === "query");
    return target.query;
  }

  it("go where it named the subject, hit or not; a receipt, a range, a region and a client stay [SUB-6]", async () => {
    const world = await aTown();
    const id = await ran(world, { subject: ADA, region, client: "web" as ClientId, ...words });
    await erased(world, ADA);
    const query = await queryOf(world, id);
    assert.deepEqual([query.region, query.client], [region, "web"]);
    for (const name of ["subject", "ip", "device", "userAgent"] as const)
      assert.match(query[name] ?? "", /^erased-/, name);
    const after = await everyRow(world);
    for (const telling of TELLING) assert.equal(after.includes(telling), false, telling);
  });

  it("go where it ended a session of the subject, and stay where it ended none [SUB-6]", async () => {
    const world = await aTown();
    const hit = await ran(world, words);
    const other = await ran(world, { device: "Bob's phone" });
    const wide = await ran(world, { ip: "192.0.2.0/24", subject: BOB });
    await erased(world, ADA);
    assert.match((await queryOf(world, hit)).device ?? "", /^erased-/);
    assert.deepEqual(await queryOf(world, other), { device: "Bob's phone" });
    assert.deepEqual(await queryOf(world, wide), { ip: "192.0.2.0/24", subject: BOB });
  });

  it("of a run that is under way are needed, and go with its end; whom it means still ends [SUB-6]", async () => {
    const world = await aTown();
    const id = await begun(world, { subject: ADA, device: "Ada's phone" });
    await erased(world, ADA);
    assert.equal((await queryOf(world, id)).subject, ADA);
    await settled(world, id);
    assert.match((await queryOf(world, id)).subject ?? "", /^erased-/);
    const after = await everyRow(world);
    for (const telling of TELLING) assert.equal(after.includes(telling), false, telling);
  });

  it("go, and the subject with them, where the subject made the call itself [SUB-6]", async () => {
    const world = await aTown();
    const [one] = (await readSubject(world.store, TENANT, ADA)).liveSessions;
    assert.ok(one !== undefined);
    assert.ok((await revoke(world, aRevoke([theSession(one)], { actor: ADA }))).ok);
    await erased(world, ADA);
    assert.equal((await everyRow(world)).includes(ADA), false);
  });
});

describe("a place", () => {
  it("comes back from its text, and nothing else does", () => {
    for (const place of [
      { kind: "session", after: null },
      { kind: "session", after: "019a9c3e-0000-7000-8000-00000000000f" },
      { kind: "revocation", after: null },
    ] as const)
      assert.deepEqual(placeFromText(placeToText(place)), place);
    const begun = { kind: "session", after: null, cut: { epoch: 2, seq: 81 } } as const;
    assert.deepEqual(erasurePlaceFromText(erasurePlaceToText(begun)), begun);
    for (const text of ["", "/", "session/", "2.81/", "2.81/client/x", "2/session/"])
      assert.equal(erasurePlaceFromText(text), undefined, text);
    assert.equal(placeFromText("client/x"), undefined);
    assert.equal(placeFromText(""), undefined);
  });
});
