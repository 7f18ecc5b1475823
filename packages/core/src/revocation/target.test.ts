// What can be revoked, as a receipt names it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceiptTarget } from "@hallpass/protocol";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { START } from "../testing/builders.ts";
import { isLarge, type LargeTarget, targetToWire } from "./target.ts";

const large: readonly [title: string, target: LargeTarget, wire: ReceiptTarget][] = [
  ["a tenant", { kind: "tenant" }, { type: "tenant" }],
  ["a position", { kind: "before", pos: { epoch: 2, seq: 7 } }, { type: "before", pos: "2.7" }],
  ["a time", { kind: "before", time: START }, { type: "before", time_ms: START }],
  ["a query of nothing", { kind: "query", query: {} }, { type: "query", query: {} }],
  [
    "a query of everything",
    {
      kind: "query",
      query: {
        subject: "u-81" as SubjectId,
        client: "web" as ClientId,
        region: "eu",
        ip: "203.0.113.0/24",
        device: "phone",
        userAgent: "Curl/8",
        userAgentHas: "curl",
        acr: "gold",
        opened: { from: START, before: null },
        lastActive: { from: null, before: START },
      },
    },
    {
      type: "query",
      query: {
        subject: "u-81",
        client_id: "web",
        region: "eu",
        ip: "203.0.113.0/24",
        device: "phone",
        user_agent: "Curl/8",
        user_agent_contains: "curl",
        acr: "gold",
        opened: { from_ms: START },
        last_active: { before_ms: START },
      },
    },
  ],
];
for (const [title, target, wire] of large) {
  test(`a receipt names ${title} as it was asked for, and nothing that was not [RCP-1]`, () => {
    assert.deepEqual(targetToWire(target), wire);
    assert.equal(isLarge(target), true);
  });
}
