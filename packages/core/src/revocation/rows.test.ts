// Clients, verifiers and revocations come back from their rows as they were.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import type { ClientId, FamilyId, SubjectId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { aClient, aRow, at, sessionId, TENANT } from "../testing/builders.ts";
import { type FleetMember, memberFromRow, memberKey, memberToRow } from "./fleet.ts";
import type { Revocation } from "./receipt.ts";
import { revocationFromRow, revocationKey, revocationToRow } from "./revocation-row.ts";
import type { Target } from "./target.ts";

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
    assert.throws(() => revocationFromRow(aRow(revocationKey(TENANT, "x"), revocationToRow(asked, at(1)))));
  });

  it("of a layout that is not known are a defect", () => {
    const rows = [
      [clientFromRow, aRow(clientKey(TENANT, aClient().id), clientToRow(aClient()))],
      [memberFromRow, aRow(memberKey(TENANT, "a"), { value: '{"layout":1}', expires: null })],
      [revocationFromRow, aRow(revocationKey(TENANT, "a"), { value: '{"layout":1}', expires: null })],
    ] as const;
    for (const [fromRow, row] of rows) {
      assert.throws(() => fromRow({ ...row, value: row.value.replace('"layout":1', '"layout":2') }));
    }
  });
});
