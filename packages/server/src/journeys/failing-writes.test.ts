// A store that takes no changes while it goes on answering reads, under a whole server over HTTP: a disk that is full is like that.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change, Outcome, Store } from "@hallpass/core";
import { journey } from "../testing/journey.ts";

type Failing = (change: Change) => Outcome;

const FULL: Failing = () => ({ kind: "failed", cause: new Error("no space left"), full: true });
const AWAY: Failing = () => ({ kind: "failed", cause: new Error("input/output error"), full: false });
const UNKNOWN: Failing = () => ({ kind: "unknown", cause: new Error("input/output error") });

for (const [what, failing, code, status] of [
  ["is full", FULL, "store_full", "store_full"],
  ["can't be written", AWAY, "store_unavailable", "store_unavailable"],
  // Nothing was written, and the rows say so: tried once more.
  ["does not say whether it wrote", UNKNOWN, "store_unavailable", "outcome_unknown"],
] as const) {
  test(`while the disk ${what} no revocation is a success, readiness says so, reads and refresh tokens stay good, and all goes on by itself [DISK-1] [DISK-2] [DISK-3] [DISK-4]`, async (t) => {
    let now: Failing | undefined;
    const wrapStore = (store: Store): Store => ({
      ...store,
      commit: async (changes) => (now === undefined ? store.commit(changes) : changes.map(now)),
    });
    const one = await journey({ wrapStore });
    t.after(() => one.end());
    const { sid, refresh } = await one.signIn();
    const kept = await one.signIn("u-2");
    const revoke = { path: "/v1/revocations", json: { targets: [{ type: "session", sid }] } };

    now = failing;
    const revoked = await one.operate(revoke);
    assert.equal(revoked.status, 503, revoked.text);
    assert.match(revoked.headers.get("retry-after") ?? "", /^\d+$/);
    assert.equal(revoked.json["code"], code);
    assert.equal((await one.refresh(kept.refresh)).status, 503);
    const ready = await one.send({ path: "/readyz" });
    assert.deepEqual([ready.status, ready.json["code"]], [503, status]);
    assert.equal((await one.send({ path: "/healthz" })).status, 200);
    assert.equal((await one.operate({ path: `/v1/sessions/${sid}` })).status, 200);
    const page = (await one.operate({ path: "/metrics" })).text;
    assert.match(page, /^hallpass_store_failures_total\{operation="commit",outcome="\w+"\} [1-9]/m);
    assert.match(page, new RegExp(`^hallpass_failures_total\\{kind="${code}"\\} [1-9]`, "m"));

    now = undefined;
    assert.equal((await one.refresh(kept.refresh)).status, 200, "the same token, as if nothing had been");
    assert.equal((await one.send({ path: "/readyz" })).status, 200);
    const state = (await one.operate({ path: `/v1/sessions/${sid}` })).json["state"];
    assert.equal(state, "active", "what was not acknowledged did not happen");
    assert.equal((await one.refresh(refresh)).status, 200);
    assert.equal((await one.operate(revoke)).status, 201);
  });
}
