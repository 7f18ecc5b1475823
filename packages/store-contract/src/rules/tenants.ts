// Tenants and kinds share nothing but the order of positions.

import { strict as assert } from "node:assert";
import {
  AWAY,
  allNotices,
  factOf,
  HOME,
  keyOf,
  mustCommit,
  mustConflict,
  put,
  rowAt,
  sessionOf,
  uuidOf,
} from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "isolation of tenants";

export const tenants: readonly Rule[] = [
  {
    id: "tenants.rows",
    group,
    title: "the same id in two tenants is two rows",
    run: async ({ store, drafts }) => {
      const home = keyOf(uuidOf(1), "session", HOME);
      const away = keyOf(uuidOf(1), "session", AWAY);
      await mustCommit(store, drafts.change({ rows: [put(home, "absent", "home")] }));
      assert.equal(await rowAt(store, away), undefined);
      await mustConflict(store, drafts.change({ rows: [put(away, 1, "away")] }));
      await mustCommit(store, drafts.change({ rows: [put(away, "absent", "away")] }));
      const snapshot = await store.read([home, away]);
      assert.deepEqual([snapshot.get(home)?.value, snapshot.get(away)?.value], ["home", "away"]);
    },
  },
  {
    id: "tenants.kinds",
    group,
    title: "the same id of two kinds is two rows",
    run: async ({ store, drafts }) => {
      const code = keyOf("1", "revoked_token");
      const proof = keyOf("1", "idempotency");
      await mustCommit(store, drafts.change({ rows: [put(code, "absent", "code")] }));
      assert.equal(await rowAt(store, proof), undefined);
      await mustCommit(store, drafts.change({ rows: [put(proof, "absent", "proof")] }));
      assert.equal((await rowAt(store, code))?.value, "code");
    },
  },
  {
    id: "tenants.notices",
    group,
    title: "a tenant reads its own notices only, at their positions in the order that all share",
    run: async ({ store, drafts }) => {
      const notices = [drafts.notice(), drafts.notice({ tenant: AWAY }), drafts.notice()];
      await mustCommit(store, drafts.change({ notices }));
      const seqs = async (tenant: typeof HOME): Promise<readonly number[]> =>
        (await allNotices(store, tenant)).map((notice) => notice.pos.seq);
      assert.deepEqual(await seqs(HOME), [1, 3]);
      assert.deepEqual(await seqs(AWAY), [2]);
      assert.equal((await allNotices(store, AWAY))[0]?.tenant, AWAY);
    },
  },
  {
    id: "tenants.facts",
    group,
    title: "a tenant reads its own facts only, whichever session it names",
    run: async ({ store, drafts }) => {
      const [mine, theirs] = [sessionOf(1), sessionOf(2)];
      const facts = [factOf("home", { session: theirs }), factOf("away", { session: mine, tenant: AWAY })];
      await mustCommit(store, drafts.change({ facts }));
      for (const query of [{}, { session: mine }]) {
        const page = await store.facts({ tenant: AWAY, ...query, limit: 10 });
        assert.deepEqual(
          page.facts.map((fact) => [fact.tenant, fact.body]),
          [[AWAY, "away"]],
        );
      }
      assert.deepEqual((await store.facts({ tenant: AWAY, session: theirs, limit: 10 })).facts, []);
    },
  },
  {
    id: "tenants.lists",
    group,
    title: "a tenant lists its own rows only",
    run: async ({ store, drafts }) => {
      const ids = [uuidOf(1), uuidOf(2), uuidOf(3), "a", "b"];
      const uuids = ids.slice(0, 3);
      const rows = [
        ...ids.flatMap((id) => [put(keyOf(id), "absent", "home"), put(keyOf(id, "session", AWAY), "absent", "away")]),
        ...uuids.map((id) => put(keyOf(id, "idempotency", AWAY), "absent", "other")),
      ];
      await mustCommit(store, drafts.change({ rows }));
      for (const [from, after] of ["", ...ids].entries()) {
        const listed = await store.list({ tenant: AWAY, kind: "session", after, limit: 10 });
        assert.deepEqual(
          listed.map((row) => [row.key, row.value]),
          ids.slice(from).map((id) => [keyOf(id, "session", AWAY), "away"]),
        );
      }
      for (const after of ["", uuidOf(1)]) {
        const [one, ...more] = await store.list({ tenant: AWAY, kind: "idempotency", after, limit: 1 });
        assert.deepEqual([one?.key.id, more], [after === "" ? uuidOf(1) : uuidOf(2), []]);
      }
    },
  },
];
