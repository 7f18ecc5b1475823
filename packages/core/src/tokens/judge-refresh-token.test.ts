// Each way in which a refresh would not be granted, told without using the token.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatRefreshToken, parseRefreshToken } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { disableClient } from "../operations/disable-client.ts";
import { TENANT, WEB } from "../testing/builders.ts";
import { aWorld, BACKEND, nextOf, opened, refreshTextOf, revoked, theSession, type World } from "../testing/world.ts";
import { judgeRefreshTokenOn, refreshTokenRows } from "./judge-refresh-token.ts";

async function isLive(world: World, text: string, client = WEB): Promise<boolean> {
  const snapshot = await world.store.read(refreshTokenRows(world.issuer, text, client));
  return judgeRefreshTokenOn(world, text, client, snapshot) !== undefined;
}

async function changeClient(world: World, changes: Partial<Client> | "gone"): Promise<void> {
  const key = clientKey(TENANT, WEB);
  const row = (await world.store.read([key])).get(key);
  assert.ok(row !== undefined);
  const next = changes === "gone" ? changes : clientToRow({ ...clientFromRow(row), ...changes });
  await world.store.commit([
    { attempt: "changed", rows: [{ key, expect: row.version, next }], notices: [], facts: [] },
  ]);
}

describe("a refresh would be granted", () => {
  it("with the current token and, within its windows, with the one before; and looking uses nothing", async () => {
    const world = await aWorld(createMemoryStore);
    const text = refreshTextOf(await opened(world));
    assert.deepEqual([await isLive(world, text), await isLive(world, text)], [true, true]);
    const next = await nextOf(world, text);
    assert.deepEqual([await isLive(world, text), await isLive(world, next)], [true, true]);
    world.wait(30_000);
    assert.deepEqual([await isLive(world, text), await isLive(world, next)], [true, true]);
    world.wait(59_999);
    assert.deepEqual([await isLive(world, text), await isLive(world, next)], [true, true]);
    world.wait(1);
    assert.deepEqual([await isLive(world, text), await isLive(world, next)], [false, true]);
    assert.equal(await isLive(world, next), true);
  });

  const ways: readonly [title: string, take: (world: World, id: SessionId, parent: SessionId) => Promise<unknown>][] = [
    ["whose session is revoked", (world, id) => revoked(world, theSession(id))],
    ["whose subject is revoked", (world) => revoked(world, { kind: "subject", subject: "u-81" as SubjectId })],
    ["whose parent is revoked", (world, _, parent) => revoked(world, theSession(parent))],
    ["whose client is cut off", (world) => revoked(world, { kind: "client", client: WEB })],
    ["whose client is disabled", (world) => disableClient(world, WEB, null)],
    ["whose client has lost the grant", (world) => changeClient(world, { grants: ["client_credentials"] })],
    ["whose client is gone", (world) => changeClient(world, "gone")],
    ["of a session that was idle too long", async (world) => world.wait(100_000)],
  ];
  for (const [title, take] of ways) {
    it(`to none ${title}`, async () => {
      const world = await aWorld(createMemoryStore);
      const parent = await opened(world);
      const one = await opened(world, { parent: parent.session.id });
      assert.equal(await isLive(world, refreshTextOf(one)), true);
      await take(world, one.session.id, parent.session.id);
      assert.equal(await isLive(world, refreshTextOf(one)), false);
    });
  }

  it("for no token that the server's key has not signed, though the session's own seed has", async () => {
    const world = await aWorld(createMemoryStore);
    const text = refreshTextOf(await opened(world));
    const parts = parseRefreshToken(text);
    assert.ok(parts !== undefined);
    const forged = formatRefreshToken(parts.payload, parts.inner, parts.outer.with(0, (parts.outer[0] ?? 0) ^ 1));
    assert.deepEqual([await isLive(world, text), await isLive(world, forged)], [true, false]);
  });

  it("to no other client, and for no text that is none of ours", async () => {
    const world = await aWorld(createMemoryStore);
    const text = refreshTextOf(await opened(world));
    const changed = `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
    assert.equal(await isLive(world, text, BACKEND), false);
    for (const wrong of ["", "hpr_", changed]) {
      assert.deepEqual(refreshTokenRows(world.issuer, wrong, WEB), [], wrong);
      const snapshot = await world.store.read(refreshTokenRows(world.issuer, text, WEB));
      assert.equal(judgeRefreshTokenOn(world, wrong, WEB, snapshot), undefined, wrong);
    }
    const other = await aWorld(createMemoryStore);
    await opened(other);
    const foreign = refreshTextOf(await opened(other));
    const snapshot = await world.store.read(refreshTokenRows(world.issuer, foreign, WEB));
    assert.equal(judgeRefreshTokenOn(world, foreign, WEB, snapshot), undefined);
  });
});
