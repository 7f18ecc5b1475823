import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SubjectId } from "../kernel/ids.ts";
import { TENANT } from "../testing/builders.ts";
import { aWorld, nextOf, opened, refreshTextOf } from "../testing/world.ts";
import { readTimeline } from "./read-session.ts";

test("a session's timeline is its own facts, oldest first, a page at a time", async () => {
  const world = await aWorld(createMemoryStore);
  const one = await opened(world);
  await opened(world, { subject: "u-82" as SubjectId });
  await nextOf(world, await nextOf(world, refreshTextOf(one)));
  const page = async (after: string | null, limit: number) => {
    const { facts, more } = await readTimeline(world.store, TENANT, { session: one.session.id, after, limit });
    return { kinds: facts.map(({ kind }) => kind), more, last: facts.at(-1)?.cursor ?? null };
  };
  const first = await page(null, 2);
  assert.deepEqual([first.kinds, first.more], [["session_opened", "token_refreshed"], true]);
  const second = await page(first.last, 2);
  assert.deepEqual([second.kinds, second.more], [["token_refreshed"], false]);
});
