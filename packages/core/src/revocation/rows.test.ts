// Clients, verifiers and revocations come back from their rows as they were.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import type { ClientId, FamilyId, SubjectId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { aClient, aRow, at, SID, sessionId, TENANT } from "../testing/builders.ts";
import {
  CONNECTED,
  type FleetMember,
  KEPT_AFTER_SILENCE,
  memberFromRow,
  memberKey,
  memberToRow,
  PULLING,
  RENEW_EVERY,
} from "./fleet.ts";
import { isNote, type NodeNote, noteFromRow, noteKey, noteToRow } from "./node-note.ts";
import { isSparedBy, queryRunsFromRow, queryRunsKey, queryRunsRow, sparedKey, sparedRow } from "./query-runs.ts";
import type { Revocation } from "./receipt.ts";
import { revocationFromRow, revocationKey, revocationToRow } from "./revocation-row.ts";
import { revokedTokenKey } from "./revoked-token.ts";
import type { Target } from "./target.ts";
import { tokenCutOffKey } from "./token-cut-off.ts";

const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });
const instant = fc.integer({ min: 0, max: 2 ** 43 }).map((ms) => ms as Instant);
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const texts = fc.array(fc.string(), { maxLength: 3 });

const client: fc.Arbitrary<Client> = plain({
  id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,20}$/).map((id) => id as ClientId),
  name: fc.string(),
  authentication: fc.constantFrom("none" as const, "client_secret_basic" as const),
  secrets: fc.array(plain({ kid: fc.nat(255), hash: fc.string(), added: instant }), { maxLength: 4 }),
  grants: fc.subarray(["refresh_token" as const, "client_credentials" as const]),
  scope: texts,
  audiences: texts,
  policy: fc.string(),
  status: fc.constantFrom("active" as const, "disabled" as const),
});

const member: fc.Arbitrary<FleetMember> = plain({
  instance: fc.stringMatching(/^[\x20-\x7e]{1,40}$/),
  service: fc.string(),
  region: orNull(fc.string()),
  software: fc.string(),
  maxStaleness: fc.integer({ min: 1000, max: 86_400_000 }),
  onStale: fc.constantFrom("unavailable" as const, "introspect" as const, "accept" as const),
  joined: instant,
  lastNoted: instant,
  join: fc.option(fc.string()),
});

const target: fc.Arbitrary<Target> = fc.oneof(
  plain({ kind: fc.constant("session" as const), session: fc.uuid().map(sessionId) }),
  plain({
    kind: fc.constant("family" as const),
    session: fc.uuid().map(sessionId),
    family: fc.constant("AAECAw" as FamilyId),
  }),
  plain({ kind: fc.constant("token" as const), jti: fc.string(), expires: orNull(instant) }),
  plain({ kind: fc.constant("subject" as const), subject: fc.string().map((text) => text as SubjectId) }),
  plain({ kind: fc.constant("client" as const), client: fc.constant("web" as ClientId) }),
);

const revocation: fc.Arbitrary<Revocation> = plain({
  id: fc.uuid(),
  pos: plain({ epoch: fc.integer({ min: 1, max: 2 ** 40 }), seq: fc.maxSafeNat() }),
  committed: instant,
  targets: fc.array(target, { minLength: 1, maxLength: 8 }),
  reason: orNull(fc.string()),
  ticket: orNull(fc.string()),
  actor: orNull(fc.string()),
  endedSessions: fc.nat(),
  tokensExpireBy: instant,
});

const aNote: NodeNote = {
  node: "a",
  name: "a",
  started: at(0),
  noted: at(0),
  head: { pos: { epoch: 1, seq: 42 }, mark: "AAAAAAAAAAA" },
  upTo: 0,
  behind: new Map(),
  gone: new Set(),
  connected: 0,
};

describe("rows", () => {
  it("give a client back as it was, and are never due", () => {
    fc.assert(
      fc.property(client, (one) =>
        assert.deepEqual(clientFromRow(aRow(clientKey(TENANT, one.id), clientToRow(one))), one),
      ),
    );
    assert.equal(clientToRow(aClient()).expires, null);
  });

  it("give a verifier back as it was", () => {
    fc.assert(
      fc.property(member, (one) => {
        assert.deepEqual(memberFromRow(aRow(memberKey(TENANT, one.instance), memberToRow(one, at(1)))), one);
      }),
    );
  });

  it("give a revocation back with the place and time that the store stamped", () => {
    fc.assert(
      fc.property(revocation, (one) => {
        const { id, pos, committed, ...asked } = one;
        const row = aRow(revocationKey(TENANT, id), revocationToRow(asked, at(1)));
        assert.deepEqual(revocationFromRow({ ...row, notBefore: pos, raisedAt: committed }), one);
      }),
    );
  });

  it("that were never stamped are no revocation [RCP-1]", () => {
    const asked = { targets: [], reason: null, ticket: null, actor: null, endedSessions: 0, tokensExpireBy: at(0) };
    const row = aRow(revocationKey(TENANT, "x"), revocationToRow(asked, at(1)));
    assert.throws(() => revocationFromRow(row));
    assert.throws(() => revocationFromRow({ ...row, notBefore: { epoch: 1, seq: 1 } }));
    assert.throws(() => revocationFromRow({ ...row, raisedAt: at(0) }));
  });

  it("of a layout that is not known are a defect", () => {
    const stamped = { notBefore: { epoch: 1, seq: 1 }, raisedAt: at(0) };
    const note = { ...aNote, head: null };
    const rows = [
      [clientFromRow, aRow(clientKey(TENANT, aClient().id), clientToRow(aClient()))],
      [memberFromRow, aRow(memberKey(TENANT, "a"), { value: '{"layout":1}', expires: null })],
      [
        revocationFromRow,
        { ...aRow(revocationKey(TENANT, "a"), { value: '{"layout":1}', expires: null }), ...stamped },
      ],
      [noteFromRow, aRow(noteKey(TENANT, "a"), noteToRow(note))],
    ] as const;
    for (const [fromRow, row] of rows) {
      assert.doesNotThrow(() => fromRow(row));
      assert.throws(() => fromRow({ ...row, value: row.value.replace('"layout":1', '"layout":2') }));
    }
  });

  it("with a position that is none are a defect [NODE-4]", () => {
    const row = aRow(noteKey(TENANT, "a"), noteToRow(aNote));
    assert.throws(() => noteFromRow({ ...row, value: row.value.replace('"1.42"', '"1,42"') }));
  });

  it("stand where the releases before look for them", () => {
    const keys = [
      memberKey(TENANT, "a"),
      revocationKey(TENANT, "a"),
      revokedTokenKey(TENANT, "a"),
      tokenCutOffKey(TENANT),
      queryRunsKey(TENANT),
      sparedKey(TENANT, SID),
      noteKey(TENANT, "a"),
    ];
    assert.deepEqual(
      keys.map(({ tenant, kind, id }) => [tenant, kind, id]),
      [
        ["main", "verifier", "a"],
        ["main", "revocation", "a"],
        ["main", "revoked_token", "a"],
        ["main", "revoked_token", "before"],
        ["main", "affected", "running"],
        ["main", "affected", `spared/${SID}`],
        ["main", "lease", "node/a"],
      ],
    );
    const leader = aRow({ tenant: TENANT, kind: "lease", id: "leader" }, { value: "", expires: null });
    assert.deepEqual([isNote(aRow(noteKey(TENANT, "a"), noteToRow(aNote))), isNote(leader)], [true, false]);
  });

  it("of what runs and of whom it spares begin empty, and grow [RCP-11]", () => {
    const key = sparedKey(TENANT, SID);
    const first = sparedRow(TENANT, SID, undefined, { runs: ["r1"], expires: at(1) });
    assert.deepEqual(first, { key, expect: "absent", next: { value: '["r1"]', expires: at(1) } });
    const row = aRow(key, { value: '["r1"]', expires: at(1) });
    assert.deepEqual(sparedRow(TENANT, SID, row, { runs: ["r2"], expires: at(2) }), {
      key,
      expect: 1,
      next: { value: '["r1","r2"]', expires: at(2) },
    });
    assert.deepEqual([isSparedBy(row, "r1"), isSparedBy(row, "r2"), isSparedBy(undefined, "r1")], [true, false, false]);
    const runs = queryRunsRow(TENANT, undefined, ["r1"]);
    assert.deepEqual(runs, {
      key: queryRunsKey(TENANT),
      expect: "absent",
      next: { value: '["r1"]', expires: null },
    });
    assert.deepEqual(queryRunsFromRow(undefined), []);
  });

  it("are kept for as long as the specification says [RCP-6] [NODE-4]", () => {
    const [minute, hour] = [60_000, 3_600_000];
    assert.deepEqual([RENEW_EVERY, KEPT_AFTER_SILENCE], [hour, 24 * hour]);
    assert.deepEqual(CONNECTED, { renewEvery: hour, kept: 25 * hour });
    assert.deepEqual(PULLING, { renewEvery: 5 * minute, kept: 15 * minute });
  });
});
