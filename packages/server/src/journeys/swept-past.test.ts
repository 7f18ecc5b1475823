// A store with rows that nobody can read, on a whole server that sweeps.

import assert from "node:assert/strict";
import { test } from "node:test";
import { instantOf, parseTenantId, type RowChange, type RowKey, type Store } from "@hallpass/core";
import { DEFAULT_TENANT } from "../config.ts";
import { handTurned } from "../testing/hand-turned.ts";
import { journey } from "../testing/journey.ts";

const SWEEP_EVERY = 5000;
const ROWS = 250;
const tenant = parseTenantId(DEFAULT_TENANT) ?? assert.fail();
const key = (id: string): RowKey => ({ tenant, kind: "session", id });

test("rows that can't be read stay, are told of once and counted, and what came due after them is swept [GRO-7]", async (t) => {
  const hand = handTurned(SWEEP_EVERY);
  let kept: Store | undefined;
  const one = await journey({ scheduler: hand.scheduler, wrapStore: (store) => (kept = store) });
  t.after(() => one.end());
  const store = kept ?? assert.fail();
  const page = async (): Promise<string> => (await one.operate({ path: "/metrics" })).text;
  await hand.turn();
  assert.match(await page(), /^hallpass_rows_unreadable 0$/m);

  const { sid } = await one.signIn();
  assert.equal((await one.operate({ path: `/v1/sessions/${sid}/end`, method: "POST", json: {} })).status, 200);
  const ended = (await store.read([key(sid)])).get(key(sid))?.value ?? assert.fail();
  const made = (id: string, value: string, due: number): RowChange => ({
    key: key(id),
    expect: "absent",
    next: { value, expires: instantOf(due) },
  });
  const rows = Array.from({ length: ROWS }, (_, n) => made(`unreadable-${n}`, "nonsense", n));
  rows.push(made("behind", ended, ROWS));
  await store.commit(rows.map((row) => ({ attempt: "AAAAAAAAAAA", rows: [row], notices: [], facts: [] })));
  await hand.turn();
  assert.match(await page(), new RegExp(`^hallpass_rows_unreadable ${ROWS}$`, "m"));
  assert.equal((await store.read([key("behind")])).get(key("behind")), undefined);
  await hand.turn();
  const told = one.lines.filter((line) => line.includes("the sweep goes past rows"));
  assert.deepEqual(
    told.map((line) => /: (\d+ of kind session)/.exec(line)?.[1]),
    [`${ROWS} of kind session`],
  );
  assert.equal((await store.read([key("unreadable-0")])).get(key("unreadable-0"))?.value, "nonsense");
});
