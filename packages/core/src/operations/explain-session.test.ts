import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId } from "../kernel/ids.ts";
import { END_SENTENCES } from "../sessions/end-sentences.ts";
import { END_REASONS } from "../sessions/session.ts";
import { TENANT } from "../testing/builders.ts";
import { aRevoke, aWorld, nextOf, opened, refreshed, refreshTextOf, theSession, type World } from "../testing/world.ts";
import { type Explanation, explainSession } from "./explain-session.ts";
import { revoke } from "./revoke.ts";

async function explained(world: World, id: SessionId): Promise<Explanation> {
  const answer = await explainSession(world.store, TENANT, id);
  assert.ok(answer.ok);
  return answer.value;
}

describe("why a session is over", () => {
  it("is a sentence of its own for every reason", () => {
    assert.deepEqual(Object.keys(END_SENTENCES).toSorted(), [...END_REASONS].toSorted());
    assert.equal(new Set(Object.values(END_SENTENCES)).size, END_REASONS.length);
  });

  it("is nothing for one that lives, and is refused for one that is not there", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const alive = await explained(world, session.id);
    assert.deepEqual([alive.end, alive.by, alive.because, alive.families], [null, null, null, []]);
    assert.deepEqual(
      alive.before.map(({ kind }) => kind),
      ["session_opened"],
    );
    const nowhere = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10" as SessionId;
    assert.deepEqual(await explainSession(world.store, TENANT, nowhere), { ok: false, code: "session_not_found" });
  });

  it("names for reuse the generation, who showed it and when, and when it had been replaced", async () => {
    const world = await aWorld(createMemoryStore);
    const session = await opened(world);
    const first = refreshTextOf(session);
    world.wait(1000);
    const replaced = world.now();
    const second = await nextOf(world, first);
    world.wait(1000);
    await nextOf(world, second);
    world.wait(60_000);
    const shown = world.now();
    await refreshed(world, first);
    const { end, by, because, before } = await explained(world, session.session.id);
    assert.deepEqual(end, { reason: "reuse", at: shown, sentence: END_SENTENCES.reuse });
    assert.deepEqual(because, { kind: "reuse", generation: 1, client: "web", shown, replaced });
    assert.equal(by, null);
    assert.deepEqual(
      before.map(({ kind }) => kind),
      ["session_opened", "token_refreshed", "token_refreshed", "refresh_refused"],
    );
  });

  it("names for a revocation who did it, and what they said", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const asked = { reason: "stolen", ticket: "SEC-1", actor: "ops@example" };
    const done = await revoke(world, aRevoke([theSession(session.id)], asked));
    assert.ok(done.ok);
    const { end, by } = await explained(world, session.id);
    assert.equal(end?.reason, "revoked");
    assert.deepEqual(by, { revocation: done.value.id, ...asked });
  });

  it("names for idle and absolute expiry what it was counted from, also before a sweep wrote it down", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const start = world.now();
    world.wait(10_000_000);
    const { end, because } = await explained(world, session.id);
    assert.equal(end?.reason, "idle");
    assert.deepEqual(because, { kind: "idle", lastActive: start, idleSeconds: session.policy.idle });
  });

  it("names for a session below another the one that ended", async () => {
    const world = await aWorld(createMemoryStore);
    const above = await opened(world);
    const below = await opened(world, { parent: above.session.id });
    await revoke(world, aRevoke([theSession(above.session.id)]));
    const { end, because } = await explained(world, below.session.id);
    assert.equal(end?.reason, "ancestor_ended");
    assert.deepEqual(because?.kind === "ancestor" && [because.ancestor, because.end.reason], [
      above.session.id,
      "revoked",
    ]);
  });
});
