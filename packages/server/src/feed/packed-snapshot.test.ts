// The parts of a snapshot as bytes, for a verifier that says it reads them.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { noticesOfRows, type ServerFrame } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FeedHubOptions } from "./hub.ts";
import { fill } from "./testing/fill.ts";
import { settled } from "./testing/hand-time.ts";
import { Peer } from "./testing/peer.ts";
import { aWorld } from "./testing/world.ts";

/** As it would stand in a text. */
function asText(frame: ServerFrame): object {
  if (frame.type !== "snapshot") return frame;
  const { rows = [], notices, ...rest } = frame;
  return { ...rest, notices: [...notices, ...rows.flatMap(noticesOfRows)].toSorted((a, b) => a.pos.seq - b.pos.seq) };
}

const bytesOf = ({ messages }: Peer): Uint8Array[] => messages.filter((message) => typeof message !== "string");

async function aScene(changes: Partial<FeedHubOptions> = {}) {
  const world = await aWorld(createMemoryStore);
  // Every tenth has no packed form.
  await fill(world, 4001, (index) =>
    index % 10 === 0 ? { kind: "token", jti: `many-${index}` } : { kind: "session", sid: randomUUID() },
  );
  const hub = world.hub(changes);
  const bearer = await world.bearer();
  const join = async (name: string, hello: object): Promise<Peer> => {
    const peer = new Peer(hub, bearer, name);
    peer.hello(hello);
    await settled();
    peer.ping();
    await settled();
    return peer;
  };
  return { world, join };
}

test("a verifier that reads packed frames gets each part of a snapshot as one message of bytes, and all else as text [CONN-9]", async () => {
  const { world, join } = await aScene();
  const packed = await join("new", { packed: 1 });
  const plain = await join("old", {});
  assert.deepEqual(packed.types, ["welcome", "keys", "snapshot", "snapshot", "snapshot", "head"]);
  assert.deepEqual(
    packed.messages.map((message) => typeof message),
    ["string", "string", "object", "object", "object", "string"],
  );
  assert.deepEqual(packed.snapshot.map(asText), plain.snapshot.map(asText));
  const size = bytesOf(packed).reduce((sum, { length }) => sum + length, 0);
  assert.ok(size < 40 * 4001, `${size} bytes`);
  await world.revokeAny();
  await settled();
  packed.ping();
  await settled();
  assert.deepEqual(packed.types.slice(6), ["notices", "head"]);
  const back = await join("back", { packed: 1, after: packed.cursor });
  assert.deepEqual(back.types, ["welcome", "keys", "head"]);
  assert.equal(bytesOf(packed).length + bytesOf(back).length, 3);
});

test("a verifier that says nothing of packed frames, or names a version that is not known, gets no bytes [CONN-9]", async () => {
  const { join } = await aScene();
  for (const hello of [{}, { packed: 2 }, { packed: true }, { packed: "1" }, { packed: null }]) {
    const peer = await join("api-1", hello);
    assert.equal(bytesOf(peer).length, 0, JSON.stringify(hello));
    assert.equal(peer.snapshot.length, 3);
  }
});

test("a part is written once for all who want it, packed or as text, and others have their turn before each [CONN-9]", async () => {
  let pauses = 0;
  const { join } = await aScene({
    pause: async () => {
      pauses += 1;
    },
  });
  const [first, again] = [await join("one", { packed: 1 }), await join("two", { packed: 1 })];
  assert.equal(pauses, 3);
  const texts = [await join("three", {}), await join("four", {})].map(({ messages }) => messages.slice(2, 5));
  assert.equal(pauses, 6);
  assert.deepEqual(texts[0], texts[1]);
  for (const [index, bytes] of bytesOf(first).entries()) assert.equal(bytesOf(again)[index]?.buffer, bytes.buffer);
});
