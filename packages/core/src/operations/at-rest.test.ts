// What rests in a store after a busy hour: none of the secrets that were handed out.

import assert from "node:assert/strict";
import { it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { ROW_KINDS } from "../store/store.ts";
import { TENANT, WEB } from "../testing/builders.ts";
import {
  accessTextOf,
  aWorld,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
} from "../testing/world.ts";
import { type SearchSessions, searchSessions } from "./search-sessions.ts";

it("no token and no secret that was handed out stands in any row, notice or fact [L-01] [TOK-15] [GEN-9]", async () => {
  const world = await aWorld(createMemoryStore);
  const secrets = [world.backendSecret.reveal()];
  const idempotency = { caller: WEB, key: "canary-idempotency-key", fingerprint: "f" };
  const one = await opened(world, { idempotency });
  let token = refreshTextOf(one);
  secrets.push(token, accessTextOf(one), idempotency.key);
  for (let count = 0; count < 5; count += 1) {
    token = await nextOf(world, token);
    secrets.push(token);
  }
  await refreshed(world, refreshTextOf(one));
  await revoked(world, theSession(one.session.id));
  const rows = await Promise.all(ROW_KINDS.map((kind) => world.store.list({ tenant: TENANT, kind, limit: 1000 })));
  const resting = JSON.stringify([rows, await world.facts(), await world.notices()]);
  assert.ok(resting.includes(one.session.id));
  for (const secret of secrets) {
    assert.equal(resting.includes(secret), false);
    assert.equal(resting.includes(secret.slice(4, 40)), false);
  }
});

it("a subject's sessions are found newest first, page by page, each once", async () => {
  const world = await aWorld(createMemoryStore);
  const ids = [];
  for (let count = 0; count < 3; count += 1) ids.unshift((await opened(world)).session.id);
  const { subject } = (await opened(world)).session;
  const found: string[] = [];
  let after: SearchSessions["after"] = null;
  for (let pages = 0; pages < 5; pages += 1) {
    const page = await searchSessions({ store: world.store, pause: async () => {} }, TENANT, {
      query: { subject },
      state: undefined,
      after,
      limit: 2,
    });
    found.push(...page.sessions.map((one) => one.session.id));
    after = page.next;
    if (after === null) break;
  }
  assert.deepEqual([found.length, new Set(found).size], [3, 3]);
  assert.deepEqual(found.slice(1), ids.slice(0, 2));
});
