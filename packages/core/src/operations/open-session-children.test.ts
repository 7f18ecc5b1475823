import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs, secondsOf } from "../kernel/time.ts";
import { absoluteEnd } from "../sessions/session.ts";
import { aPolicy, TENANT, WEB } from "../testing/builders.ts";
import {
  accessTextOf,
  anOpening,
  aWorld,
  type Deps,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { disableClient } from "./disable-client.ts";
import { openSession } from "./open-session.ts";
import { readSession } from "./read-session.ts";
import { revoke } from "./revoke.ts";

const U81 = "u-81" as SubjectId;

async function standing(deps: Deps, id: SessionId): Promise<string> {
  const answer = await readSession(deps.store, TENANT, id);
  if (!answer.ok) return answer.code;
  return answer.value.standing.kind === "active" ? "active" : answer.value.standing.reason;
}

async function codeOf(deps: Deps, changes: Parameters<typeof anOpening>[0]): Promise<string> {
  const answer = await openSession(deps, anOpening(changes));
  return answer.ok ? "opened" : answer.code;
}

describe("a child session", () => {
  it("names its ancestors, nearest first, eight at most [AT-5]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 50 }) });
    const line = [await opened(world)];
    for (let depth = 1; depth <= 8; depth += 1) {
      const parent = line[0]?.session.id ?? null;
      line.unshift(await opened(world, { parent }));
    }
    const [deepest, ...above] = line;
    assert.deepEqual(
      deepest?.session.ancestors,
      above.map((one) => one.session.id),
    );
    assert.equal(await codeOf(world, { parent: deepest?.session.id ?? null }), "too_deep");
    const token = deepest === undefined ? undefined : await judgeAccessToken(world, accessTextOf(deepest));
    assert.deepEqual(
      token?.claims.anc,
      above.map((one) => one.session.id),
    );
  });

  it("belongs to its parent's subject", async () => {
    const world = await aWorld(createMemoryStore);
    const parent = await opened(world);
    assert.equal(await codeOf(world, { parent: parent.session.id, subject: "u-82" as SubjectId }), "parent_not_found");
  });

  it("never outlives its parent, whatever its own policy says", async () => {
    const long = aPolicy({ name: "long", idle: secondsOf(1e6), absolute: secondsOf(1e6) });
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ idle: secondsOf(1000) }), more: [long] });
    const parent = await opened(world);
    for (const ms of [0, 1, 499, 500, 999, 1000]) {
      world.wait(ms);
      const child = await opened(world, { parent: parent.session.id, policy: "long" });
      assert.ok(absoluteEnd(child.session) <= absoluteEnd(parent.session));
      assert.ok((child.tokens.access?.expires ?? 0) <= absoluteEnd(parent.session));
    }
    world.setNow(afterMs(absoluteEnd(parent.session), -1));
    assert.equal(await codeOf(world, { parent: parent.session.id }), "parent_over");
    world.wait(1);
    assert.equal(await codeOf(world, { parent: parent.session.id }), "parent_over");
  });

  it("ends with any of its ancestors, by one notice [NOT-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const top = await opened(world);
    const middle = await opened(world, { parent: top.session.id });
    const bottom = await opened(world, { parent: middle.session.id });
    await revoked(world, theSession(top.session.id));
    assert.equal((await world.notices()).length, 1);
    for (const one of [middle, bottom]) {
      assert.equal(await standing(world, one.session.id), "ancestor_ended");
      assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
      assert.notEqual((await refreshed(world, refreshTextOf(one))).kind, "granted");
    }
    assert.equal(await codeOf(world, { parent: bottom.session.id }), "parent_over");
  });

  it("is not opened below a parent that ends at the same time", async () => {
    const world = await aWorld(createMemoryStore);
    for (const order of [0, 1]) {
      const parent = await opened(world);
      const open = () => openSession(world, anOpening({ parent: parent.session.id }));
      const end = () =>
        revoke(world, {
          targets: [theSession(parent.session.id)],
          endReason: "revoked",
          reason: null,
          ticket: null,
          actor: null,
        });
      const [first, second] = order === 0 ? [open(), end()] : [end(), open()];
      const answers = await Promise.all([first, second]);
      for (const answer of answers) {
        if (!answer.ok || !("session" in answer.value)) continue;
        assert.notEqual(await standing(world, answer.value.session.id), "active");
      }
    }
  });
});

describe("an idempotency key", () => {
  const once = { caller: "backend" as ClientId, key: "k1", fingerprint: "f1" };

  it("gets a retry the same session and refresh token, and opens nothing again [A-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await opened(world, { idempotency: once });
    world.wait(5000);
    const again = await opened(world, { idempotency: once });
    assert.equal(again.replayed, true);
    assert.equal(again.session.id, first.session.id);
    assert.equal(refreshTextOf(again), refreshTextOf(first));
    assert.equal((await world.facts()).filter((fact) => fact.kind === "session_opened").length, 1);
  });

  it("with another request is refused; of another caller it is another key [A-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await opened(world, { idempotency: once });
    assert.equal(await codeOf(world, { idempotency: { ...once, fingerprint: "f2" } }), "idempotency_key_reused");
    const other = await opened(world, { idempotency: { ...once, caller: "batch" as ClientId } });
    assert.notEqual(other.session.id, first.session.id);
  });

  it("used 64 times at once opens one session [A-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const all = await Promise.all(Array.from({ length: 64 }, () => opened(world, { idempotency: once })));
    assert.equal(new Set(all.map((one) => one.session.id)).size, 1);
    assert.equal(new Set(all.map(refreshTextOf)).size, 1);
    assert.equal(all.filter((one) => !one.replayed).length, 1);
  });

  it("revives nothing: the session, its family or its client may be over by then [A-13] [O-23]", async () => {
    const endings: readonly ((world: Deps, id: SessionId) => Promise<unknown>)[] = [
      (world, id) => revoked(world, theSession(id)),
      async (world, id) => {
        const seen = await readSession(world.store, TENANT, id);
        const family = seen.ok ? seen.value.session.families[0]?.id : undefined;
        if (family !== undefined) await revoked(world, { kind: "family", session: id, family });
      },
      (world) => revoked(world, { kind: "client", client: WEB }),
      (world) => revoked(world, { kind: "subject", subject: U81 }),
      (world) => disableClient(world, WEB, null),
    ];
    for (const end of endings) {
      const world = await aWorld(createMemoryStore);
      const first = await opened(world, { idempotency: once });
      await end(world, first.session.id);
      assert.equal(await codeOf(world, { idempotency: once }), "session_over");
    }
  });

  it("after a rotation gives the refresh token that is current then", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await opened(world, { idempotency: once });
    const second = await nextOf(world, refreshTextOf(first));
    assert.equal(refreshTextOf(await opened(world, { idempotency: once })), second);
  });
});
