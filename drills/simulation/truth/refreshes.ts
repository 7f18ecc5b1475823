// Judges each answer to a refresh against the snapshot that it rests on, by the rules alone. Also what it carried.

import {
  clientFromRow,
  clientKey,
  type Policy,
  type Refreshed,
  type RowKey,
  type Session,
  type SessionId,
  type Snapshot,
  sessionFromRow,
  sessionKey,
} from "@hallpass/core";
import { comparePositions, isBefore } from "@hallpass/protocol";
import { PATIENCE_MS, subjectKey, TENANT } from "../parts/settings.ts";
import type { TimeLine } from "../world/time-line.ts";
import { Violation } from "../world/violation.ts";
import type { Book } from "./book.ts";
import { absoluteEndOf, timeEndOf } from "./ends.ts";
import { expectedFor, type FamilyModel } from "./family-model.ts";
import { type AccessToken, type Minted, readAccess } from "./minted.ts";
import type { RefreshRequest } from "./requests.ts";
import type { SessionTruth } from "./session-truth.ts";

/**
 * - `decided_late`: its client had given up before. Until then two requests in a row lie within one retry window.
 * - `second_tab_after_window`: a retry or a recovery has just handed out the successor, and another tab's request with the
 *   same token is decided after the retry window.
 * - `back_after_recovery`: the answer was lost, and its owner asks again when the recovery window is over.
 * - `clock_jumped`: by the store's clock a window is over that would not be without the jumps of that clock.
 */
export type AsideReason = "decided_late" | "second_tab_after_window" | "back_after_recovery" | "clock_jumped";

export interface RefreshJudging {
  readonly line: TimeLine;
  readonly book: Book;
  readonly sessions: SessionTruth;
  readonly minted: Minted;
  /** What the store's clock would have shown without any jump when it last showed this. */
  readonly steady: (shown: number) => number;
  readonly strict: boolean;
}

export class Refreshes {
  readonly #line: TimeLine;
  readonly #sessions: SessionTruth;
  readonly #minted: Minted;
  /** How often what was set aside. */
  readonly aside: Map<AsideReason, number> = new Map();
  /** When a generation was last given its unused successor again, or another one for it, in true time. */
  readonly #handedOut = new Map<string, number>();
  readonly #steady: (shown: number) => number;
  readonly #strict: boolean;
  readonly #book: Book;

  constructor({ line, book, sessions, minted, steady, strict }: RefreshJudging) {
    this.#steady = steady;
    this.#strict = strict;
    this.#book = book;
    this.#line = line;
    this.#sessions = sessions;
    this.#minted = minted;
  }

  /** Told when a server is given what it decides on. Whoever steals may cause genuine reuse, and so may what is set aside. */
  decided(request: RefreshRequest): void {
    const reason = request.honest ? this.#setAside(request) : undefined;
    if (reason !== undefined) this.aside.set(reason, (this.aside.get(reason) ?? 0) + 1);
    if (reason !== undefined || !request.honest) this.#sessions.touched.add(familyOf(request));
  }

  /** Where owners end their own sessions, each as the rules of today have it: docs/guides/simulation.md says why. */
  #setAside(request: RefreshRequest): AsideReason | undefined {
    const { snapshot } = request;
    if (snapshot === undefined || this.#strict) return undefined;
    if (this.#line.now - request.sentAt > PATIENCE_MS) return "decided_late";
    const expected = this.#expected(request, snapshot);
    if (expected !== "recovered" && expected !== "reused") return undefined;
    if (this.#expected(request, snapshot, this.#steady) !== expected) return "clock_jumped";
    const handed = this.#handedOut.get(`${familyOf(request)} ${request.generation}`);
    if (handed !== undefined && this.#line.now - handed <= 2 * PATIENCE_MS) return "second_tab_after_window";
    const predecessor = this.#sessions.get(request.sid)?.families.get(request.fam)?.predecessor;
    return expected === "reused" && predecessor === request.generation ? "back_after_recovery" : undefined;
  }

  /** Returns the access token, if there is one. */
  answered(request: RefreshRequest, answer: Refreshed): AccessToken | undefined {
    const { snapshot } = request;
    if (snapshot === undefined)
      throw new Violation("P10-honest-failure", "a genuine refresh token was judged without the store");
    const actual = answer.kind === "denied" ? answer.code : answer.outcome;
    const expected = this.#expected(request, snapshot);
    const isSame = actual === expected || (actual === "ended" && expected === "taken_away");
    if (!isSame) throw mismatch(request, actual, expected);
    if (actual === "retried" || actual === "recovered")
      this.#handedOut.set(`${familyOf(request)} ${request.generation}`, request.decidedAt);
    if (answer.kind === "refused" && answer.outcome === "reused") this.#judgeReused(request);
    return answer.kind === "granted" ? this.#judgeGranted(request, snapshot, answer) : undefined;
  }

  /** By the store's clock as it was shown, or as `by` has it. */
  #expected(request: RefreshRequest, snapshot: Snapshot, by = (shown: number): number => shown): string {
    const row = snapshot.get(keyOf(request.sid));
    if (row === undefined) return this.#sessions.get(request.sid) === undefined ? "unknown" : "a row that is there";
    const family = this.#sessions.familiesAt(request.sid, row.version)?.get(request.fam);
    if (family === undefined) return "unknown";
    if (family.client !== request.client) return "misbound";
    const session = sessionFromRow(row);
    if (this.#book.endOf(session, request.fam, snapshot.head.pos) !== undefined) return "taken_away";
    if (isOver(session, snapshot) || isCutOff(session, request.fam, snapshot) || family.ended) return "ended";
    const superseded = new Map([...family.superseded].map(([generation, at]) => [generation, by(at)]));
    const aged = { ...family, rotatedAt: by(family.rotatedAt), superseded };
    const expected = expectedFor(aged, request.generation, by(snapshot.clock), this.#sessions.policies.of(session));
    if (expected === "ahead") throw new Violation("P1-nothing-is-lost", `${nameOf(request)} is ahead of its row`);
    const isWider = request.scope !== undefined && !request.scope.every((one) => family.scope.includes(one));
    return isWider && GRANTED.includes(expected) ? "scope_not_allowed" : expected;
  }

  #judgeReused(request: RefreshRequest): void {
    const known = this.#sessions.get(request.sid);
    const over =
      known === undefined || known.session.state.kind === "ended" || known.families.get(request.fam)?.ended === true;
    if (!over) throw new Violation("P5-reuse-found", `${nameOf(request)} was reused, and nothing ended`);
  }

  #judgeGranted(
    request: RefreshRequest,
    snapshot: Snapshot,
    answer: Extract<Refreshed, { kind: "granted" }>,
  ): AccessToken {
    const row = snapshot.get(keyOf(request.sid));
    const family =
      row === undefined ? undefined : this.#sessions.familiesAt(request.sid, row.version)?.get(request.fam);
    const { access, refresh } = answer.tokens;
    if (row === undefined || family === undefined || access === null || refresh === null)
      throw new Violation("P1-acknowledged-is-durable", `${nameOf(request)} was granted on nothing`);
    if (answer.outcome !== "retried" && !request.committed)
      throw new Violation(
        "P1-acknowledged-is-durable",
        `${nameOf(request)}: ${answer.outcome}, and nothing was committed`,
      );
    const name = `${request.sid}/${request.fam}`;
    const generation = this.#minted.refresh(refresh.reveal(), name, request.generation);
    const next = answer.outcome === "retried" ? family.generation : Math.max(family.generation, request.generation) + 1;
    if (generation !== next)
      throw new Violation("P4-one-successor", `${nameOf(request)} got generation ${generation} instead of ${next}`);
    if (answer.outcome !== "retried") this.#minted.wasLive(name, request.generation);
    const session = sessionFromRow(row);
    const token = readAccess(access.token.reveal(), session.ancestors);
    judgeToken(token, session, this.#sessions.policies.of(session), family, snapshot, request.scope);
    return token;
  }
}

const GRANTED: readonly string[] = ["rotated", "retried", "recovered"];

/** P8 and AT-4: what a token says lies within what the snapshot allowed. */
export function judgeToken(
  { claims }: Pick<AccessToken, "claims">,
  session: Session,
  policy: Policy,
  family: Pick<FamilyModel, "scope" | "audience">,
  snapshot: Pick<Snapshot, "head" | "clock">,
  asked: readonly string[] | undefined,
): void {
  const allowed = asked === undefined ? family.scope : family.scope.filter((one) => asked.includes(one));
  const absolute = absoluteEndOf(session) / 1000;
  const name = `a token of ${session.id}`;
  if (!claims.scope.every((one) => allowed.includes(one)))
    throw new Violation("P8-never-wider", `${name} has scope ${claims.scope.join(" ")}`);
  if (!claims.aud.every((one) => family.audience.includes(one)))
    throw new Violation("P8-never-wider", `${name} is for ${claims.aud.join(" ")}`);
  if (claims.exp - claims.iat > policy.accessLifetime) throw new Violation("P8-never-wider", `${name} lives too long`);
  if (claims.exp > absolute) throw new Violation("P8-never-wider", `${name} outlives its session`);
  if (comparePositions(claims.pos, snapshot.head.pos) > 0)
    throw new Violation("AT4-pos-not-later", `${name} has a position that its snapshot had not seen`);
}

export function isOver(session: Session, snapshot: Snapshot): boolean {
  if (session.state.kind === "ended") return true;
  if (snapshot.clock >= timeEndOf(session)) return true;
  const subject = snapshot.get(subjectKey(TENANT, session.subject));
  if (subject?.notBefore !== undefined && subject.notBefore !== null && isBefore(session.born, subject.notBefore))
    return true;
  return session.ancestors.some((id) => {
    const row = snapshot.get(keyOf(id));
    if (row === undefined) return true;
    const one = sessionFromRow(row);
    return one.state.kind === "ended" || snapshot.clock >= timeEndOf(one);
  });
}

export function isCutOff(session: Session, fam: string, snapshot: Snapshot): boolean {
  const family = session.families.find((one) => one.id === fam);
  const row = family === undefined ? undefined : snapshot.get(clientKey(TENANT, family.client));
  if (family === undefined || row === undefined || clientFromRow(row).status === "disabled") return true;
  return row.notBefore !== null && isBefore(family.born, row.notBefore);
}

function mismatch(request: RefreshRequest, actual: string, expected: string): Violation {
  const detail = `${nameOf(request)} was answered ${actual} and is ${expected}`;
  if (expected === "taken_away") return new Violation("P2-cut-off-holds", detail);
  if (GRANTED.includes(actual) && expected === "ended") return new Violation("P1-ended-stays-ended", detail);
  if (expected === "reused" || expected === "superseded") return new Violation("P5-reuse-found", detail);
  if (GRANTED.includes(actual)) return new Violation("P5-window-fixed", detail);
  return new Violation(GRANTED.includes(expected) ? "P6-nobody-logged-out" : "P10-honest-failure", detail);
}

function keyOf(sid: string): RowKey {
  return sessionKey({ tenant: TENANT, id: sid as SessionId });
}

function familyOf({ sid, fam }: RefreshRequest): string {
  return `${sid}/${fam}`;
}

function nameOf({ who, sid, fam, generation }: RefreshRequest): string {
  return `${who}'s generation ${generation} of ${sid}/${fam}`;
}
