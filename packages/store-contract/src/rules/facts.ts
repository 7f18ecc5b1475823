// Facts are appended with the change that made them true, ordered for one session, and read by cursors.

import { strict as assert } from "node:assert";
import { instantOf, type SessionId, type Store, type StoredFact } from "@hallpass/core";
import { factOf, HOME, keyOf, mustCommit, put, sessionOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "facts";
const session = sessionOf(1);
const other = sessionOf(2);

export const facts: readonly Rule[] = [
  {
    id: "facts.round-trip",
    group,
    title: "a fact is read as it was written, with a cursor",
    run: async ({ store, drafts }) => {
      const given = factOf('{"reason":"ä日"}', { session, kind: "session_ended", at: instantOf(1_234_567_890_123) });
      await mustCommit(store, drafts.change({ facts: [given] }));
      const [fact] = await all(store, {});
      assert.ok(fact !== undefined);
      const { cursor, ...rest } = fact;
      assert.deepEqual(rest, given);
      assert.ok(cursor.length > 0);
    },
  },
  {
    id: "facts.order",
    group,
    title: "facts of one session come in the order of their commits, and in that of their change",
    run: async ({ store, drafts }) => {
      for (let n = 0; n < 10; n += 1) {
        const pair = [factOf(`${n}a`, { session }), factOf(`${n}b`, { session }), factOf("x", { session: other })];
        await mustCommit(store, drafts.change({ facts: pair }));
      }
      const bodies = (await all(store, { session })).map((fact) => fact.body);
      assert.deepEqual(bodies, Array.from({ length: 10 }, (_, n) => [`${n}a`, `${n}b`]).flat());
    },
  },
  {
    id: "facts.every-session",
    group,
    title: "without a session all facts of the tenant come, also those of no session, each session's in order",
    run: async ({ store, drafts }) => {
      const given = [factOf("1", { session }), factOf("2"), factOf("3", { session: other }), factOf("4", { session })];
      for (const fact of given) await mustCommit(store, drafts.change({ facts: [fact] }));
      const seen = await all(store, {});
      assert.equal(seen.length, 4);
      assert.deepEqual(
        seen.filter((fact) => fact.session === session).map((fact) => fact.body),
        ["1", "4"],
      );
      assert.deepEqual(
        (await all(store, { session: other })).map((fact) => fact.body),
        ["3"],
      );
    },
  },
  {
    id: "facts.pages",
    group,
    title:
      "a reader that goes on after each page's last cursor sees every fact exactly once, and what is appended later",
    run: async ({ store, drafts }) => {
      const append = async (body: string): Promise<void> => {
        await mustCommit(store, drafts.change({ facts: [factOf(body, { session })] }));
      };
      for (let n = 0; n < 7; n += 1) await append(`${n}`);
      for (const query of [{}, { session }]) {
        const first = await store.facts({ tenant: HOME, ...query, limit: 3 });
        const second = await store.facts({ tenant: HOME, ...query, limit: 3, ...after(first.facts) });
        const third = await store.facts({ tenant: HOME, ...query, limit: 3, ...after(second.facts) });
        assert.deepEqual([first.more, second.more, third.more], [true, true, false]);
        const seen = [...first.facts, ...second.facts, ...third.facts].map((fact) => fact.body);
        assert.deepEqual(seen.slice(0, 7), ["0", "1", "2", "3", "4", "5", "6"]);
        await append("later");
        const rest = await store.facts({ tenant: HOME, ...query, limit: 3, ...after(third.facts) });
        assert.deepEqual(
          rest.facts.map((fact) => fact.body),
          ["later"],
        );
      }
    },
  },
  {
    id: "facts.parallel",
    group,
    title: "facts of one session stand in the order of its versions, though many sessions commit in parallel",
    run: async ({ store, drafts }) => {
      const sessions = Array.from({ length: 8 }, (_, n) => sessionOf(10 + n));
      const live = async (id: SessionId): Promise<void> => {
        for (let n = 0; n < 10; n += 1) {
          const row = put(keyOf(id), n === 0 ? "absent" : n, `${n}`);
          await mustCommit(store, drafts.change({ rows: [row], facts: [factOf(`${n}`, { session: id })] }));
        }
      };
      await Promise.all(sessions.map(live));
      for (const id of sessions) {
        const bodies = (await all(store, { session: id })).map((fact) => fact.body);
        assert.deepEqual(bodies, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
      }
    },
  },
];

function after(page: readonly StoredFact[]): { readonly after?: string } {
  const last = page.at(-1);
  return last === undefined ? {} : { after: last.cursor };
}

async function all(store: Store, query: { readonly session?: SessionId }): Promise<readonly StoredFact[]> {
  const page = await store.facts({ tenant: HOME, ...query, limit: 1000 });
  assert.equal(page.more, false);
  return page.facts;
}
