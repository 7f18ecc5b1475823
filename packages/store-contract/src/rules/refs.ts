// A read follows what its rows refer to, one step, in the same snapshot.

import { strict as assert } from "node:assert";
import { AWAY, keyOf, mustCommit, mustHave, put, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";
import { lookBeside } from "../turn.ts";

const group = "refs";
const session = keyOf(uuidOf(1));
const subject = keyOf("ada", "subject");
const client = keyOf("web", "client");

export const refs: readonly Rule[] = [
  {
    id: "refs.followed",
    group,
    title:
      "a row brings the rows it refers to, of any kind and tenant and with its own id, and says which do not exist",
    run: async ({ store, drafts }) => {
      const issuer = keyOf("日本".repeat(50), "issuer", AWAY);
      const parent = keyOf(uuidOf(2));
      const namesakes = [keyOf(session.id, "subject"), keyOf(session.id, "session", AWAY)];
      const all = [subject, client, issuer, parent, ...namesakes];
      const rows = [
        put(session, "absent", "s", { refs: all }),
        put(subject, "absent", "u"),
        put(issuer, "absent", "i"),
        put(parent, "absent", "p"),
        ...namesakes.map((key) => put(key, "absent", key.tenant + key.kind)),
      ];
      await mustCommit(store, drafts.change({ rows }));
      const snapshot = await store.read([session]);
      assert.equal(mustHave(snapshot, subject).value, "u");
      assert.equal(mustHave(snapshot, issuer).value, "i");
      assert.equal(mustHave(snapshot, parent).value, "p");
      for (const key of namesakes) assert.equal(mustHave(snapshot, key).value, key.tenant + key.kind);
      assert.equal(snapshot.has(client), true);
      assert.equal(snapshot.get(client), undefined);
    },
  },
  {
    id: "refs.one-step",
    group,
    title: "what a referred row refers to is not followed",
    run: async ({ store, drafts }) => {
      const rows = [
        put(session, "absent", "s", { refs: [subject] }),
        put(subject, "absent", "u", { refs: [client] }),
        put(client, "absent", "c"),
      ];
      await mustCommit(store, drafts.change({ rows }));
      const snapshot = await store.read([session]);
      assert.equal(snapshot.has(client), false);
      assert.throws(() => snapshot.get(client));
    },
  },
  {
    id: "refs.replaced",
    group,
    title: "a new value brings its own refs: others, or none when it names none",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(session, "absent", "s", { refs: [subject] })] }));
      await mustCommit(store, drafts.change({ rows: [put(session, 1, "s", { refs: [client] })] }));
      const other = await store.read([session]);
      assert.deepEqual([other.has(subject), other.has(client)], [false, true]);
      await mustCommit(store, drafts.change({ rows: [put(session, 2, "s")] }));
      const none = await store.read([session]);
      assert.deepEqual([none.has(subject), none.has(client)], [false, false]);
    },
  },
  {
    id: "refs.compared",
    group,
    title: "a row that is only compared keeps its refs",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ rows: [put(session, "absent", "s", { refs: [subject] })] }));
      await mustCommit(store, drafts.change({ rows: [{ key: session, expect: 1, next: "same" }] }));
      assert.equal((await store.read([session])).has(subject), true);
    },
  },
  {
    id: "refs.same-snapshot",
    group,
    title: "a row and what it refers to are of one snapshot, also while both change",
    run: async ({ store, drafts }) => {
      const more = { refs: [subject] };
      await mustCommit(
        store,
        drafts.change({ rows: [put(session, "absent", "0", more), put(subject, "absent", "0")] }),
      );
      const write = async (): Promise<void> => {
        for (let n = 1; n <= 50; n += 1) {
          const rows = [put(session, n, String(n), more), put(subject, n, String(n))];
          await mustCommit(store, drafts.change({ rows }));
        }
      };
      const look = async (): Promise<void> => {
        const snapshot = await store.read([session]);
        assert.equal(mustHave(snapshot, session).value, mustHave(snapshot, subject).value);
      };
      await lookBeside(write(), look);
    },
  },
];
