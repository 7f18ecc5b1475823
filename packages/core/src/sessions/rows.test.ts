// What a row holds is what was put into it: sessions and subjects, for anything they may hold.

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { encodeBase64url, type JsonObject } from "@hallpass/protocol";
import fc from "fast-check";
import type { ClientId, FamilyId, SubjectId } from "../kernel/ids.ts";
import { afterMs, type Instant, secondsOf } from "../kernel/time.ts";
import { aFamily, aRow, aSession, at, START, sessionId, TENANT, WEB } from "../testing/builders.ts";
import { CHARACTERS, characterAt } from "../testing/characters.ts";
import { END_REASONS, type Family, foreseenEnd, type Session } from "./session.ts";
import { sessionFromRow, sessionKey, sessionRefs, sessionToRow, subjectOfRow } from "./session-row.ts";
import { NO_SESSIONS, subjectFromRow, subjectKey, subjectToRow, unexpired } from "./subject.ts";

const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });
const anyCharacter = fc.nat(CHARACTERS - 1).map(characterAt);
const instant = fc.integer({ min: 0, max: 2 ** 43 }).map((ms) => ms as Instant);
const position = plain({ epoch: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), seq: fc.maxSafeNat() });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const words = (most: number) => fc.uniqueArray(fc.stringMatching(/^[a-z:.-]{1,12}$/), { maxLength: most });
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const uuid = fc.uuid().map(sessionId);
const reason = fc.constantFrom(...END_REASONS);
const claims = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.jsonValue({ stringUnit: anyCharacter }), {
    maxKeys: 4,
    noNullPrototype: true,
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

const family: fc.Arbitrary<Family> = plain({
  id: bytes(4).map((value) => encodeBase64url(value) as FamilyId),
  client: fc.constantFrom("web", "ios", "a.b~c").map((id) => id as ClientId),
  born: position,
  generation: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  rotatedAt: instant,
  superseded: fc.array(plain({ generation: fc.integer({ min: 1, max: 2 ** 32 - 1 }), at: instant }), {
    maxLength: 4,
  }),
  macKid: fc.integer({ min: 1, max: 255 }),
  scope: words(5),
  audience: words(3),
  ended: orNull(reason),
});

const session: fc.Arbitrary<Session> = plain({
  id: uuid,
  tenant: fc.constant(TENANT),
  subject: fc.string({ minLength: 1, maxLength: 20, unit: anyCharacter }).map((text) => text as SubjectId),
  seed: bytes(16),
  born: position,
  ancestors: fc.uniqueArray(uuid, { maxLength: 8 }),
  acr: orNull(fc.string()),
  amr: words(3),
  authTime: orNull(fc.maxSafeNat()),
  device: orNull(plain({ name: orNull(fc.string()), userAgent: orNull(fc.string()), ip: orNull(fc.string()) })),
  claims,
  policy: plain({
    name: fc.constantFrom("consumer", "mobile"),
    version: fc.nat(),
    idle: fc.integer({ min: 1, max: 10 ** 8 }).map(secondsOf),
    absolute: fc.integer({ min: 1, max: 10 ** 8 }).map(secondsOf),
    accessLifetime: fc.integer({ min: 1, max: 10 ** 8 }).map(secondsOf),
    retryWindow: fc.integer({ min: 1, max: 10 ** 8 }).map(secondsOf),
    recoveryWindow: fc.integer({ min: 1, max: 10 ** 8 }).map(secondsOf),
    onReuse: fc.constantFrom("session" as const, "family" as const),
    rotation: fc.constantFrom("always" as const, "off" as const),
    refreshIsActivity: fc.boolean(),
    remembered: fc.boolean(),
  }),
  opened: instant,
  lastActive: instant,
  families: fc.array(family, { maxLength: 3 }),
  token: orNull(
    plain({
      family: bytes(4).map((value) => encodeBase64url(value) as FamilyId),
      generation: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      kid: fc.integer({ min: 1, max: 255 }),
      hash: bytes(32).map(encodeBase64url),
      previous: orNull(plain({ kid: fc.integer({ min: 1, max: 255 }), hash: bytes(32).map(encodeBase64url) })),
    }),
  ),
  state: fc.oneof(
    fc.constant({ kind: "active" as const }),
    plain({ kind: fc.constant("ended" as const), reason, at: instant }),
  ),
});

test("a session comes back from its row as it was, whatever it holds", () => {
  fc.assert(
    fc.property(session, (one) => {
      const { value, expires } = sessionToRow(one, 1000);
      // Without what was put in beside the text: another node has to read it.
      const row = aRow(sessionKey(one), { value, expires });
      assert.equal(subjectOfRow(row), one.subject);
      assert.equal(row.parsed, undefined, "no more of it was read");
      assert.deepEqual(sessionFromRow(row), one);
      assert.equal(subjectOfRow(row), one.subject);
    }),
    { numRuns: 500 },
  );
});

describe("a session's row", () => {
  it("holds nothing that few sessions have, and is written as it always was", () => {
    const one = aSession({ families: [aFamily({ scope: [] })] });
    const parts = JSON.parse(sessionToRow(one, 7).value) as unknown[];
    assert.deepEqual([parts[5], parts[6], parts[7], parts[12], parts.length], [0, 0, 0, 0, 13]);
    assert.deepEqual((parts[11] as unknown[][])[0]?.[7], "");
    for (const [changes, expected] of [
      [{ acr: "mfa" }, ["mfa", [], null]],
      [{ amr: ["pwd"] }, [null, ["pwd"], null]],
      [{ authTime: 5 }, [null, [], 5]],
    ] as const) {
      const { value } = sessionToRow(aSession(changes), 7);
      assert.deepEqual((JSON.parse(value) as unknown[])[5], expected);
    }
    const device = { name: "phone", userAgent: null, ip: null };
    for (const given of [device, { ...device, region: "eu" }]) {
      const { value, expires } = sessionToRow(aSession({ device: given }), 7);
      const back = sessionFromRow(aRow(sessionKey(aSession()), { value, expires }));
      assert.deepEqual(back.device, given);
      assert.equal(back.device !== null && "region" in back.device, "region" in given);
    }
  });

  it("is read once, and again when its text is another", () => {
    const row = aRow(sessionKey(aSession()), { ...sessionToRow(aSession(), 7) });
    assert.equal(sessionFromRow(row), sessionFromRow(row));
    const { value } = sessionToRow(aSession({ acr: "mfa" }), 7);
    assert.equal(sessionFromRow({ ...row, value }).acr, "mfa");
  });

  it("is due when the session will be over, or so long after it has ended", () => {
    assert.equal(sessionToRow(aSession(), 7).expires, foreseenEnd(aSession()));
    assert.equal(sessionToRow(aSession({ state: { kind: "ended", reason: "idle", at: at(5) } }), 7).expires, at(12));
  });

  it("keeps an earlier time at which it was due already, and never a later one", () => {
    const end = foreseenEnd(aSession());
    assert.equal(sessionToRow(aSession(), 7, afterMs(end, -1)).expires, afterMs(end, -1));
    assert.equal(sessionToRow(aSession(), 7, afterMs(end, 1)).expires, end);
  });

  it("refers to all that can take the session away: subject, clients, ancestors", () => {
    const parent = sessionId("019a9c3e-0000-7000-8000-000000000001");
    const one = aSession({
      ancestors: [parent],
      families: [
        aFamily(),
        aFamily({ id: "BBBBBA" as FamilyId }),
        aFamily({ id: "CCCCCA" as FamilyId, client: "ios" as ClientId }),
      ],
    });
    assert.deepEqual(sessionRefs(one), [
      { tenant: TENANT, kind: "subject", id: "u-81" },
      { tenant: TENANT, kind: "client", id: WEB },
      { tenant: TENANT, kind: "client", id: "ios" },
      { tenant: TENANT, kind: "session", id: parent },
    ]);
  });

  it("refers to a client that has the name of the subject, too", () => {
    const kinds = sessionRefs(aSession({ subject: "web" as SubjectId })).map(({ kind, id }) => `${kind} ${id}`);
    assert.deepEqual(kinds, ["subject web", "client web"]);
  });

  it("of release 0.1 goes on by the numbers that its profile had then [POL-4]", () => {
    const row = aRow(sessionKey(aSession()), sessionToRow(aSession(), 7));
    const value = JSON.parse(row.value) as unknown[];
    value[8] = ["workforce", 1, 28_800, 86_400];
    const { policy } = sessionFromRow({ ...row, value: JSON.stringify(value) });
    assert.deepEqual(policy, {
      name: "workforce",
      version: 1,
      idle: 28_800,
      absolute: 86_400,
      accessLifetime: 300,
      retryWindow: 30,
      recoveryWindow: 86_400,
      onReuse: "session",
      rotation: "always",
      refreshIsActivity: true,
      remembered: false,
    });
  });

  it("of a layout that is not known is a defect, not a session", () => {
    const row = aRow(sessionKey(aSession()), sessionToRow(aSession(), 7));
    const later = { ...row, value: row.value.replace("[1,", "[2,") };
    assert.throws(() => sessionFromRow(later));
    assert.throws(() => subjectOfRow(later));
  });

  it("with a malformed position or seed is a defect, not a session", () => {
    const row = aRow(sessionKey(aSession()), sessionToRow(aSession(), 7));
    for (const [from, to] of [
      ['"1.0"', '"1.00"'],
      [encodeBase64url(aSession().seed), "A"],
    ] as const)
      assert.throws(() => sessionFromRow({ ...row, value: row.value.replace(from, to) }));
  });

  it("is small: a default session fits into 300 bytes", () => {
    assert.ok(Buffer.byteLength(sessionToRow(aSession(), 7).value) <= 300);
  });
});

describe("a subject's row", () => {
  const entry = plain({ id: uuid, until: instant });

  it("comes back as it was, in order", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 10 }), (sessions) => {
        const row = aRow(subjectKey(TENANT, "u-81" as SubjectId), subjectToRow({ ...NO_SESSIONS, sessions }));
        assert.deepEqual(subjectFromRow(row), { ...NO_SESSIONS, sessions });
      }),
    );
  });

  it("that does not exist has no sessions, and one that does is never due", () => {
    assert.deepEqual(subjectFromRow(undefined), NO_SESSIONS);
    assert.equal(subjectToRow(NO_SESSIONS).expires, null);
  });

  it("lists a session until the instant of its absolute end", () => {
    const listed = { ...NO_SESSIONS, sessions: [{ id: aSession().id, until: at(10) }] };
    assert.deepEqual(
      [9, 10, 11].map((ms) => unexpired(listed, at(ms)).length),
      [1, 0, 0],
    );
    assert.equal(unexpired(listed, START).length, 1);
  });
});
