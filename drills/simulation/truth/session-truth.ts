// What every session was at each version of its row, and the rules for what may follow what. Told of every commit.

import { type Change, type Policy, type RowChange, ringKey, type Session, sessionFromRow } from "@hallpass/core";
import { isBefore } from "@hallpass/protocol";
import { subjectKey, TENANT } from "../parts/settings.ts";
import type { TimeLine } from "../world/time-line.ts";
import { Violation } from "../world/violation.ts";
import type { Book, Committed } from "./book.ts";
import { timeEndOf } from "./ends.ts";
import { expectedFor, type FamilyModel, recoveredFrom, rotatedFrom } from "./family-model.ts";
import type { PolicyTruth } from "./policy-truth.ts";
import type { Requests, Tried } from "./requests.ts";
import { replacedBy } from "./session-tokens.ts";

export type Families = ReadonlyMap<string, FamilyModel>;

export interface KnownSession {
  readonly session: Session;
  readonly families: Families;
}

export class SessionTruth {
  readonly #line: TimeLine;
  readonly #book: Book;
  readonly #requests: Requests;
  readonly #latest = new Map<string, KnownSession>();
  readonly #versions = new Map<string, Families>();
  /** Sessions that somebody was told to end, and families. */
  readonly intended: Set<string> = new Set();
  /** Sessions of which somebody asked for another session token. */
  readonly mayReplaceToken: Set<string> = new Set();
  /** By session and generation: since when a session token is another's predecessor, in true time. */
  readonly replaced: Map<string, number> = new Map();
  readonly policies: PolicyTruth;
  /** Families that a thief, or a request later than its client's patience, has touched: reuse of them may be genuine. */
  readonly touched: Set<string> = new Set();

  constructor(line: TimeLine, book: Book, requests: Requests, policies: PolicyTruth) {
    this.#line = line;
    this.policies = policies;
    this.#book = book;
    this.#requests = requests;
  }

  get(sid: string): KnownSession | undefined {
    return this.#latest.get(sid);
  }

  familiesAt(sid: string, version: number): Families | undefined {
    return this.#versions.get(`${sid} ${version}`);
  }

  /** Judges a committed change before the book has written it down. */
  judge(change: Change, outcome: Committed): void {
    for (const row of change.rows) {
      const version = this.#book.row(row.key)?.version ?? "absent";
      if (row.expect !== version)
        throw new Violation(
          "P4-serial",
          `${row.key.kind} ${row.key.id} was ${version} and not ${row.expect} when it was written`,
        );
      if (row.key.kind === "session" && row.next !== "same") this.#judgeRow(change, row, outcome);
    }
  }

  #judgeRow(change: Change, row: RowChange, outcome: Committed): void {
    const sid = row.key.id;
    const before = this.#latest.get(sid);
    if (typeof row.next === "string") {
      if (before !== undefined && before.session.state.kind === "active")
        throw new Violation("P6-nobody-logged-out", `the row of live session ${sid} was removed`);
      this.#latest.delete(sid);
      return;
    }
    const version = (this.#book.row(row.key)?.version ?? 0) + 1;
    const written = {
      key: row.key,
      value: row.next.value,
      version,
      attempt: change.attempt,
      notBefore: null,
      raisedAt: null,
      expires: null,
    };
    const session = sessionFromRow(written);
    const tried = this.#requests.by(change.attempt);
    this.#judgeBeside(before?.session, session);
    const families = before === undefined ? bornAs(session) : this.#follow(before, session, tried, outcome);
    this.#latest.set(sid, { session, families });
    this.#versions.set(`${sid} ${version}`, families);
  }

  /** What stands beside its families: the numbers of its policy, and its session token. */
  #judgeBeside(before: Session | undefined, next: Session): void {
    if (before === undefined) {
      const [parent] = next.ancestors;
      this.policies.judgeOpened(next, parent === undefined ? undefined : this.#latest.get(parent)?.session);
      return;
    }
    this.policies.judgeFollowed(before, next, this.#line.now);
    const generation = replacedBy(before, next, this.mayReplaceToken.has(next.id));
    if (generation !== undefined) this.replaced.set(`${next.id} ${generation}`, this.#line.now);
  }

  #follow(before: KnownSession, next: Session, tried: Tried | undefined, outcome: Committed): Families {
    const policy = this.policies.of(next);
    this.#judgeState(before, next, tried, outcome, policy);
    return new Map(
      next.families.map((family) => {
        const was = before.families.get(family.id);
        if (was === undefined) throw new Violation("P4-serial", `family ${family.id} appeared in ${next.id}`);
        const model = family.generation === was.generation ? was : this.#rotate(before, next, family.id, tried, policy);
        const told = { generation: family.generation, rotatedAt: family.rotatedAt, superseded: family.superseded };
        if (JSON.stringify(told) !== JSON.stringify(writtenAs(model)))
          throw new Violation(
            family.generation === was.generation ? "P5-window-fixed" : "P4-serial",
            `${next.id}/${family.id} became ${JSON.stringify(told)} instead of ${JSON.stringify(writtenAs(model))}`,
          );
        if (
          !family.scope.every((one) => was.scope.includes(one)) ||
          !family.audience.every((one) => was.audience.includes(one))
        )
          throw new Violation("P8-never-wider", `${next.id}/${family.id} grew to ${family.scope.join(" ")}`);
        if (was.ended && family.ended === null)
          throw new Violation("P1-ended-stays-ended", `family ${family.id} of ${next.id} lives again`);
        if (family.ended !== null && !was.ended)
          this.#judgeEnd(`${next.id}/${family.id}`, before, family.ended, tried, policy);
        return [family.id, { ...model, scope: family.scope, audience: family.audience, ended: family.ended !== null }];
      }),
    );
  }

  #rotate(before: KnownSession, next: Session, fam: string, tried: Tried | undefined, policy: Policy): FamilyModel {
    const was = before.families.get(fam);
    const name = `${next.id}/${fam}`;
    if (was === undefined || tried?.request.fam !== fam || tried.request.sid !== next.id)
      throw new Violation("P4-serial", `${name} was rotated by nobody's refresh`);
    const { request, snapshot } = tried;
    const now = snapshot.clock;
    const expected = expectedFor(was, request.generation, now, policy);
    this.#judgeCutOffs(next, fam, before);
    if (expected === "rotated") return rotatedFrom(was, request.generation, now);
    if (expected === "recovered") return recoveredFrom(was, now);
    const detail = `${name}: generation ${request.generation} was rotated, and is ${expected}`;
    throw new Violation(expected === "reused" ? "P5-reuse-found" : "P4-serial", detail);
  }

  /** What a rotation hangs on must stand when it commits, not only when it was decided. */
  #judgeCutOffs(session: Session, fam: string, before: KnownSession): void {
    const over = session.ancestors.find((id) => this.#latest.get(id)?.session.state.kind === "ended");
    const name = `a rotation of ${session.id}/${fam} committed after`;
    const end = this.#book.endOf(session, fam, this.#book.head, true);
    if (end !== undefined) throw new Violation("P2-cut-off-holds", `${name} ${JSON.stringify(end.taking)}`);
    if (over !== undefined) throw new Violation("P2-cut-off-holds", `${name} its ancestor ${over} ended`);
    if (before.session.state.kind === "ended" || before.families.get(fam)?.ended === true)
      throw new Violation("P1-ended-stays-ended", `${name} it had ended`);
  }

  #judgeState(before: KnownSession, next: Session, tried: Tried | undefined, outcome: Committed, policy: Policy): void {
    const was = before.session.state;
    if (was.kind === "ended") {
      if (next.state.kind !== "ended") throw new Violation("P1-ended-stays-ended", `session ${next.id} lives again`);
      return;
    }
    if (next.state.kind === "active") return;
    const { reason } = next.state;
    if (reason === "reuse" || reason === "revoked" || reason === "signed_out")
      this.#judgeEnd(next.id, before, reason, tried, policy);
    else if (!this.#isDerived(before.session, next, reason, outcome))
      throw new Violation("P6-nobody-logged-out", `session ${next.id} ended as ${reason}, which is not true`);
  }

  #judgeEnd(name: string, before: KnownSession, reason: string, tried: Tried | undefined, policy: Policy): void {
    if (reason !== "reuse") {
      if (!this.intended.has(name))
        throw new Violation("P6-nobody-logged-out", `${name} ended as ${reason}; nobody had asked for it`);
      return;
    }
    const family = tried === undefined ? undefined : before.families.get(tried.request.fam);
    if (tried === undefined || family === undefined)
      throw new Violation("P6-nobody-logged-out", `${name} ended as reuse without a refresh`);
    const { request, snapshot } = tried;
    const expected = expectedFor(family, request.generation, snapshot.clock, policy);
    if (expected !== "reused")
      throw new Violation(
        "P6-nobody-logged-out",
        `${name} ended as reuse; generation ${request.generation} is ${expected}`,
      );
    if (!this.touched.has(`${request.sid}/${request.fam}`))
      throw new Violation("P6-nobody-logged-out", `${name} ended as reuse, and only its owner ever used it`);
  }

  #isDerived(session: Session, next: Session, reason: string, outcome: Committed): boolean {
    const clock = Math.max(outcome.at, this.#book.clockSeen);
    switch (reason) {
      case "idle":
      case "absolute":
        return clock >= timeEndOf(session);
      case "policy_applied":
        return clock >= timeEndOf(next);
      case "subject_revoked": {
        const row = this.#book.row(subjectKey(TENANT, session.subject));
        return row?.notBefore !== null && row !== undefined && isBefore(session.born, row.notBefore);
      }
      case "tenant_revoked": {
        const row = this.#book.row(ringKey(TENANT));
        return row !== undefined && row.notBefore !== null && isBefore(session.born, row.notBefore);
      }
      case "ancestor_ended":
        return session.ancestors.some((id) => {
          const known = this.#latest.get(id)?.session;
          return known === undefined || known.state.kind === "ended" || clock >= timeEndOf(known);
        });
      case "evicted":
        return this.#sessionsOf(session) >= this.policies.of(session).maxSessions;
      default:
        return false;
    }
  }

  #sessionsOf({ subject }: Session): number {
    return [...this.#latest.values()].filter(
      ({ session }) => session.subject === subject && session.state.kind === "active",
    ).length;
  }
}

function bornAs(session: Session): Families {
  return new Map(
    session.families.map((family) => [
      family.id,
      {
        client: family.client,
        generation: family.generation,
        rotatedAt: family.rotatedAt,
        predecessor: null,
        superseded: new Map(),
        scope: family.scope,
        audience: family.audience,
        ended: family.ended !== null,
      },
    ]),
  );
}

/** How core writes down what the model says: the last four, newest first. */
function writtenAs({ generation, rotatedAt, superseded }: FamilyModel): unknown {
  const newest = [...superseded].toSorted((a, b) => b[0] - a[0]).slice(0, 4);
  return { generation, rotatedAt, superseded: newest.map(([one, at]) => ({ generation: one, at })) };
}
