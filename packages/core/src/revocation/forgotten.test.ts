// What a revocation's row forgets of a person, and what it keeps of everybody else.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import type { SessionQuery } from "../sessions/session-query.ts";
import { fixedDice, SID, START } from "../testing/builders.ts";
import { hasWords, namesSubject, withoutSubject, withoutWords } from "./forgotten.ts";
import type { LargeRun } from "./large-run.ts";
import type { AnyTarget } from "./target.ts";

const ADA = "ada" as SubjectId;
const BOB = "bob" as SubjectId;
const dice = fixedDice("forgotten");
const ofSubject = (subject: SubjectId): AnyTarget => ({ kind: "subject", subject });
const ofQuery = (query: SessionQuery): AnyTarget => ({ kind: "query", query });
const session: AnyTarget = { kind: "session", session: SID };

test("a revocation names a person as one of its targets, in its query, or as its actor [SUB-6]", () => {
  const names = (targets: readonly AnyTarget[], actor: string | null): boolean => namesSubject({ targets, actor }, ADA);
  assert.deepEqual(
    [
      names([session, ofSubject(ADA)], null),
      names([ofQuery({ subject: ADA })], "ops"),
      names([session], "ada"),
      names([session, ofSubject(BOB), ofQuery({ device: "ada" })], "ops"),
    ],
    [true, true, true, false],
  );
});

test("only the person's own name goes out of a revocation: as a target, and as its actor [SUB-6]", () => {
  const targets = [session, ofSubject(BOB), ofSubject(ADA)];
  const kept = withoutSubject({ targets, actor: "ops" }, ADA, dice);
  assert.deepEqual([kept.targets.slice(0, 2), kept.actor], [targets.slice(0, 2), "ops"]);
  const [, , gone] = kept.targets;
  assert.ok(gone?.kind === "subject");
  assert.match(gone.subject, /^erased-[\w-]{11}$/);
  const hers = withoutSubject({ targets: [ofSubject(BOB)], actor: "ada" }, ADA, dice);
  assert.deepEqual(hers.targets, [ofSubject(BOB)]);
  assert.match(hers.actor ?? "", /^erased-/);
});

test("a query of somebody else keeps its words; one of the person loses them, a running one when it is over [SUB-6]", () => {
  const run: LargeRun = { status: "running", began: null, since: START, reached: null, scanned: 0 };
  const bobs = { targets: [ofQuery({ subject: BOB, device: "phone" })], actor: null, run };
  assert.deepEqual(withoutSubject(bobs, ADA, dice), bobs);
  const hers = { targets: [ofQuery({ subject: ADA, device: "phone" })], actor: null };
  assert.deepEqual(withoutSubject({ ...hers, run }, ADA, dice), { ...hers, run: { ...run, forget: true } });
  for (const over of [hers, { ...hers, run: { ...run, status: "complete" } as const }]) {
    const [target] = withoutSubject(over, ADA, dice).targets;
    assert.ok(target?.kind === "query");
    assert.match(`${target.query.subject} ${target.query.device}`, /^erased-\S+ erased-\S+$/);
  }
});

const queries: readonly [title: string, query: SessionQuery, gone: readonly (keyof SessionQuery)[]][] = [
  ["a subject", { subject: ADA }, ["subject"]],
  ["a device", { device: "Ada's" }, ["device"]],
  ["a user agent", { userAgent: "Ada/1" }, ["userAgent"]],
  ["a part of a user agent", { userAgentHas: "ada" }, ["userAgentHas"]],
  ["one address", { ip: "192.0.2.81" }, ["ip"]],
  ["one address as a range", { ip: "192.0.2.81/32" }, ["ip"]],
  ["a range of addresses", { ip: "192.0.2.0/31" }, []],
  [
    "a region, a client, an assurance, a time",
    {
      region: "eu",
      client: "web" as ClientId,
      acr: "gold",
      opened: { from: START, before: null },
    },
    [],
  ],
];
for (const [title, query, gone] of queries) {
  test(`of ${title} in a query ${gone.length === 0 ? "nobody can be told, and it stays" : "somebody may be told, and it goes"} [SUB-6]`, () => {
    const targets = [session, ofQuery(query)];
    assert.equal(hasWords({ targets }), gone.length > 0);
    const [first, second] = withoutWords({ targets }, dice).targets;
    assert.deepEqual(first, session);
    assert.ok(second?.kind === "query");
    assert.deepEqual(Object.keys(second.query), Object.keys(query));
    for (const [name, value] of Object.entries(second.query)) {
      if (gone.some((one) => one === name)) assert.match(String(value), /^erased-/);
      else assert.deepEqual(value, query[name as keyof SessionQuery]);
    }
  });
}

test("a revocation without a query has no words [SUB-6]", () => {
  assert.equal(hasWords({ targets: [session, ofSubject(ADA)] }), false);
});
