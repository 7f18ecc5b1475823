import assert from "node:assert/strict";
import { test } from "node:test";
import type { Receipt } from "@hallpass/protocol";
import { receiptLines } from "./receipt.ts";

function aReceipt(omitted: { readonly silent_omitted?: number }): Receipt {
  const counts = { verifiers: 20_000, enforced: 0, waiting: 20_000, no_bound: 0 };
  const silent = [{ instance: "a", region: null, last_seen_ms: 0, refuses_by_ms: 60_000 }];
  const service = { service: "api", ...counts, refuses_by_ms: 60_000, reported: 0, late_accepts: 0, silent };
  return {
    id: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6",
    pos: "1.42",
    committed_at_ms: 0,
    as_of_ms: 0,
    targets: [{ type: "tenant" }],
    reason: null,
    ticket: null,
    actor: null,
    status: "complete",
    ended_sessions: 0,
    scanned_sessions: null,
    fleet: counts,
    services: [{ ...service, ...omitted }],
    enforced_by_ms: 60_000,
    tokens_expire_by_ms: 605_000,
  };
}

test("below the silent verifiers that a receipt lists stands how many more there are, and nothing where it lists all [RCP-19]", () => {
  const more = receiptLines(aReceipt({ silent_omitted: 19_999 }));
  assert.equal(more.at(-1), "and 19999 more that are silent; list them with: hallpass verifiers");
  assert.deepEqual(receiptLines(aReceipt({})), more.slice(0, -1));
});
