import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fault } from "../kernel/fault.ts";
import type { ClientId } from "../kernel/ids.ts";
import { instantOf } from "../kernel/time.ts";
import type { Ring } from "./key-sets.ts";
import { ringFromRow, ringToRow } from "./ring-row.ts";

const at = instantOf(1_764_000_000_000);
const ring: Ring = {
  signing: {
    active: { kid: "a", sealed: "sealed a", state: "active", publishedAt: at, activatedAt: at },
    next: { kid: "n", sealed: "sealed n", state: "next", publishedAt: at, publishedIn: 3, trial: null },
    retiring: [
      {
        kid: "r",
        sealed: "sealed r",
        state: "retiring",
        publishedAt: at,
        activatedAt: at,
        retiredAt: at,
        lastTokenExpires: at,
      },
    ],
    gone: [
      { kid: "g", state: "removed", removedAt: at },
      { kid: "c", state: "compromised", at, was: "next" },
    ],
  },
  mac: {
    current: { kid: 2, sealed: "sealed 2", createdAt: at },
    older: [{ kid: 1, sealed: "sealed 1", createdAt: at, keepUntil: at }],
  },
  further: [],
  secrets: null,
};
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Row = { [name: string]: Json; signing: { [name: string]: Json }[]; mac: { [name: string]: Json }[] };

function changedRow(change: (row: Row) => void): string {
  const row = JSON.parse(ringToRow(ring)) as Row;
  change(row);
  return JSON.stringify(row);
}

describe("the row of the keys", () => {
  it("gives back the ring that was written", () => {
    assert.deepEqual(ringFromRow(ringToRow(ring)), ring);
  });

  it("gives back a trial, further algorithms and keys for secrets, and reads rows from before there were any [KEY-1]", () => {
    const tried: Ring["signing"]["next"] = { ...ring.signing.next, trial: { kind: "share", percent: 7 } };
    const full: Ring = {
      ...ring,
      signing: { ...ring.signing, next: tried },
      further: [
        {
          alg: "Ed25519",
          set: {
            active: { kid: "fa", sealed: "sealed fa", state: "active", publishedAt: at, activatedAt: at },
            next: {
              kid: "fn",
              sealed: "sealed fn",
              state: "next",
              publishedAt: at,
              publishedIn: null,
              trial: { kind: "client", client: "web" as ClientId },
            },
            retiring: [],
            gone: [],
          },
        },
      ],
      secrets: { current: { kid: 256, sealed: "sealed s", createdAt: at }, older: [] },
    };
    assert.deepEqual(ringFromRow(ringToRow(full)), full);
    const before = changedRow((row) => {
      for (const key of row.signing) delete key["published_in"];
    });
    assert.deepEqual(ringFromRow(before).signing.next, { ...ring.signing.next, publishedIn: null });
  });

  it("is unreadable with a share of nobody or everybody, an algorithm that is unknown, or a kid of a MAC key for secrets [K-12]", () => {
    const spoilt = [
      ...[0, 100, 1.5, "7", null].map((share) =>
        changedRow((row) => Object.assign(row.signing[1] ?? {}, { trial_percent: share })),
      ),
      ...[{ alg: "HS256", keys: [] }, { alg: "ES256", keys: [] }, { alg: "RS256" }, null].map((set) =>
        changedRow((row) => Object.assign(row, { further: [set] })),
      ),
      ...[[], [{ kid: 255, sealed: "s", created_ms: 1 }], [{ kid: 256, sealed: "", created_ms: 1 }]].map((secrets) =>
        changedRow((row) => Object.assign(row, { secrets })),
      ),
    ];
    for (const text of spoilt) assert.throws(() => ringFromRow(text), Fault, text);
  });

  it("gives back shares, kids and times at their bounds", () => {
    for (const percent of [1, 99]) {
      const next: Ring["signing"]["next"] = { ...ring.signing.next, trial: { kind: "share", percent } };
      const current = { kid: 255, sealed: "sealed 255", createdAt: instantOf(0) };
      const full: Ring = { ...ring, signing: { ...ring.signing, next }, mac: { current, older: [] } };
      assert.deepEqual(ringFromRow(ringToRow(full)), full);
    }
  });

  it("gives back what a compromised key was, whatever that is [K-09]", () => {
    for (const was of ["next", "active", "retiring", "removed"] as const) {
      const gone = [{ kid: "c", state: "compromised", at, was } as const];
      assert.deepEqual(ringFromRow(ringToRow({ ...ring, signing: { ...ring.signing, gone } })).signing.gone, gone);
    }
  });

  it("is unreadable with a second set of ES256, a trial of no client, a state that is none, or a MAC key beyond 255 [K-12]", () => {
    const set = ringToRow({ ...ring, further: [{ alg: "RS256", set: { ...ring.signing, retiring: [], gone: [] } }] });
    const others = set.replaceAll('"kid":"a"', '"kid":"oa"').replaceAll('"kid":"n"', '"kid":"on"');
    const { further } = JSON.parse(others) as { readonly further: Row[] };
    const beside = (alg: string): string =>
      changedRow((row) => (row["further"] = further.map((one) => ({ ...one, alg }))));
    assert.equal(ringFromRow(beside("RS256")).further.length, 1);
    assertUnreadable(beside("ES256"));
    assertUnreadable(changedRow((row) => Object.assign(row.signing[1] ?? {}, { trial_client: "no client" })));
    assertUnreadable(changedRow((row) => Object.assign(row.signing[3] ?? {}, { state: "lost" })));
    for (const kids of [
      [256, 256],
      [257, 256, 256],
    ])
      assertUnreadable(
        changedRow((row) => (row["secrets"] = kids.map((kid) => ({ kid, sealed: `sealed ${kid}`, created_ms: at })))),
      );
    assertUnreadable(changedRow((row) => Object.assign(row, { mac: [...row.mac, null] })));
    for (const kid of [0, 256]) assertUnreadable(changedRow((row) => Object.assign(row.mac[0] ?? {}, { kid })));
  });

  it("is unreadable without any of its members, or with another kind of value in one [K-12]", () => {
    const lists = ["signing", "mac"] as const;
    const spoilt = [
      ...["v", ...lists].map((name) => changedRow((row) => delete row[name])),
      ...lists.flatMap((list) =>
        (JSON.parse(ringToRow(ring)) as Row)[list].flatMap((key, index) =>
          Object.keys(key).flatMap((name) =>
            [null, -1, 1.5, "", [], {}].map((value) =>
              changedRow((row) => Object.assign(row[list][index] ?? {}, { [name]: value })),
            ),
          ),
        ),
      ),
    ];
    assert.ok(spoilt.length > 100);
    for (const text of spoilt) assertUnreadable(text);
  });

  it("is unreadable with two active, two next or no such key, with a kid twice, and without a MAC key [K-09]", () => {
    for (const state of ["active", "next"]) {
      assertUnreadable(changedRow((row) => (row.signing = row.signing.filter((key) => key["state"] !== state))));
      assertUnreadable(
        changedRow((row) => {
          const twin = row.signing.find((key) => key["state"] === state) ?? {};
          row.signing.push({ ...twin, kid: "twin" });
        }),
      );
    }
    assertUnreadable(changedRow((row) => row.signing.push({ kid: "a", state: "removed", removed_ms: at })));
    assertUnreadable(changedRow((row) => row.mac.push(...row.mac.slice(1))));
    assertUnreadable(changedRow((row) => (row.mac = [])));
  });

  it("is unreadable in another version, cut short, empty, or as no object [K-12]", () => {
    const text = ringToRow(ring);
    for (let end = 0; end < text.length; end += 1) assertUnreadable(text.slice(0, end));
    for (const other of ["null", "[]", "{}", `${text} x`, changedRow((row) => (row["v"] = 2))]) assertUnreadable(other);
  });
});

function assertUnreadable(text: string): void {
  assert.throws(
    () => ringFromRow(text),
    (error: unknown) => error instanceof Fault && error.code === "keys_unreadable",
    text,
  );
}
