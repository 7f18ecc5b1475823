// What travels: counted on the wire, by the messages after which a client waits (PostgreSQL's manual, "Message Flow").

import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import { type Change, parseTenantId, type RowKey, type Store } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const server = await startPostgres();
after(() => server.stop());
const tenant = parseTenantId("main") ?? assert.fail();
const key = (id: string): RowKey => ({ tenant, kind: "session", id });

/** What a store does from time to time is not what an operation costs. */
const NO_TIMERS = { scheduler: { after: () => () => {} } };

/** Types of frontend messages: Sync ends an extended query, Query is a whole one. Both wait for ReadyForQuery. */
const [SYNC, QUERY] = ["S".charCodeAt(0), "Q".charCodeAt(0)];

/** A proxy that counts how often a client waits for an answer. */
async function counting(): Promise<{ readonly url: string; readonly taken: () => number; readonly close: () => void }> {
  const { hostname, port } = new URL(server.url);
  const sockets = new Set<Socket>();
  let trips = 0;
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    let unread = Buffer.alloc(0);
    let isStarted = false;
    near.on("data", (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      // The first message has no type.
      for (let typed = isStarted ? 1 : 0; unread.length >= typed + 4; typed = 1) {
        const length = typed + unread.readUInt32BE(typed);
        if (unread.length < length) break;
        if (typed === 1 && (unread[0] === SYNC || unread[0] === QUERY)) trips += 1;
        isStarted = true;
        unread = unread.subarray(length);
      }
    });
    for (const socket of [near, far]) sockets.add(socket.on("error", () => undefined));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const address = proxy.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    url: server.url.replace(`:${port}/`, `:${address.port}/`),
    taken: () => {
      const before = trips;
      trips = 0;
      return before;
    },
    close: () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function put(id: string, expect: number | "absent"): Change {
  const attempt = encodeBase64url(crypto.getRandomValues(new Uint8Array(8)));
  const next = { value: "v", expires: null, refs: [key("other")] };
  const fact = { tenant, kind: "fact", session: null, at: 0 as never, body: "{}" };
  return { attempt, rows: [{ key: key(id), expect, next }], notices: [], facts: [fact] };
}

/** A store whose first connection is there: a new one says which server it leads to before it is used. */
async function opened(
  t: TestContext,
  schema: string,
): Promise<{ readonly store: Store; readonly taken: () => number }> {
  const wire = await counting();
  const store = await openStore(wire.url, schema, NO_TIMERS);
  t.after(async () => {
    await store.close();
    wire.close();
  });
  await store.read([]);
  wire.taken();
  return { store, taken: wire.taken };
}

test("a read is one round trip, a commit is another, and nothing else travels: what a lone refresh needs is two", async (t) => {
  const { store, taken } = await opened(t, "alone");
  for (const expect of ["absent", 1, 2] as const) {
    const [outcome] = await store.commit([put("a", expect)]);
    assert.equal(outcome?.kind, "committed");
    assert.equal(taken(), 1);
    assert.equal((await store.read([key("a")])).has(key("other")), true);
    assert.equal(taken(), 1);
  }
});

test("a read of remembered rows is one round trip, and a second where another node has written one, or what is mostly absent is there", async (t) => {
  const { store, taken } = await opened(t, "remembered");
  const other = await openStore(server.url, "remembered", NO_TIMERS);
  t.after(() => other.close());
  const alone = (id: string, expect: number | "absent", kind: RowKey["kind"] = "session"): Change => {
    return { ...put(id, expect), rows: [{ key: { ...key(id), kind }, expect, next: { value: id, expires: null } }] };
  };
  const token: RowKey = { ...key("jti"), kind: "revoked_token" };
  await store.commit([alone("a", "absent")]);
  taken();
  for (const trips of [1, 1]) {
    const snapshot = await store.read([key("a"), token]);
    assert.deepEqual([snapshot.get(key("a"))?.version, snapshot.get(token), taken()], [1, undefined, trips]);
  }
  await other.commit([alone("a", 1)]);
  for (const trips of [2, 1]) {
    const snapshot = await store.read([key("a"), token]);
    assert.deepEqual([snapshot.get(key("a"))?.version, snapshot.get(token), taken()], [2, undefined, trips]);
  }
  await other.commit([alone("jti", "absent", "revoked_token")]);
  for (const trips of [2, 1]) {
    const snapshot = await store.read([key("a"), token]);
    assert.deepEqual([snapshot.get(key("a"))?.version, snapshot.get(token)?.value, taken()], [2, "jti", trips]);
  }
});

test("a hundred reads of one turn share one round trip, and a hundred changes another", async (t) => {
  const { store, taken } = await opened(t, "together");
  const ids = Array.from({ length: 100 }, (_, n) => `s-${n}`);
  await Promise.all(ids.map((id) => Promise.resolve(store.read([key(id)]))));
  assert.equal(taken(), 1);
  const outcomes = await store.commit(ids.map((id) => put(id, "absent")));
  assert.equal(outcomes.filter(({ kind }) => kind === "committed").length, 100);
  assert.equal(taken(), 1);
});
