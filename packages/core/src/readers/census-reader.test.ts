// How many sessions live, counted from the facts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { type FactKind, sessionFact } from "../facts.ts";
import type { SubjectId } from "../kernel/ids.ts";
import { readFacts } from "../operations/read-facts.ts";
import { record } from "../store/change.ts";
import type { StoredFact } from "../store/store.ts";
import { fixedDice, SID, START, TENANT } from "../testing/builders.ts";
import { aWorld, nextOf, opened, refreshTextOf, revoked, theSession, type World } from "../testing/world.ts";
import { censusReader, liveSessions } from "./census-reader.ts";

const HEAD = { pos: { epoch: 1, seq: 0 }, mark: "AAAAAAAAAAA" };

async function counted(world: World): Promise<number | null> {
  while ((await readFacts(world, censusReader)).more);
  return liveSessions(world.store, TENANT);
}

const factsOf = (...kinds: readonly FactKind[]): readonly StoredFact[] =>
  kinds.map((kind, index) => ({ tenant: TENANT, kind, session: SID, at: START, body: "{}", cursor: String(index) }));

/** What the count is after these facts, from what was counted before. */
function after(before: string | null, ...kinds: readonly FactKind[]): unknown {
  const prepared = censusReader.prepare?.(factsOf(...kinds), fixedDice("census"));
  assert.deepEqual(prepared?.keys, []);
  return prepared?.write(before, { get: () => undefined, has: () => false, head: HEAD, clock: START });
}

describe("the count of live sessions", () => {
  it("is one more for each that is opened and one less for each that ends, and unknown before anything was read", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await liveSessions(world.store, TENANT), null);
    assert.equal(await counted(world), 0);
    const [one, two] = [await opened(world), await opened(world, { subject: "ada" as SubjectId })];
    await nextOf(world, refreshTextOf(two));
    assert.equal(await counted(world), 2);
    await revoked(world, theSession(one.session.id));
    assert.equal(await liveSessions(world.store, TENANT), 2);
    assert.equal(await counted(world), 1);
    assert.equal(await counted(world), 1);
  });

  it("goes on from what was counted, by the two kinds of facts that say so, and writes nothing else", () => {
    assert.deepEqual(after(null, "session_opened", "session_opened", "session_ended"), { rows: [], progress: "1" });
    assert.deepEqual(after("40", "session_opened"), { rows: [], progress: "41" });
    assert.deepEqual(after("40", "session_ended", "family_ended", "session_ended"), { rows: [], progress: "38" });
    assert.deepEqual(after("40", "session_changed", "token_refreshed"), { rows: [], progress: "40" });
  });

  it("never falls below none where sessions end whose opening is older than the facts that are kept", async () => {
    assert.deepEqual(after("1", "session_ended", "session_ended"), { rows: [], progress: "0" });
    const world = await aWorld(createMemoryStore);
    const body = { reason: "revoked", at_ms: START, revocation: null } as const;
    await record(world.store, world.dice, [sessionFact(TENANT, SID, START, "session_ended", body)]);
    assert.equal(await counted(world), 0);
    await opened(world);
    assert.equal(await counted(world), 1);
  });

  it("stands in the reader's row by the name that it has had since it was first counted", () => {
    assert.equal(censusReader.name, "census");
  });
});
