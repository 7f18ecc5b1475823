// Which of its session's tokens each text is, since when it is replaced, and what may be said of it: judged at the node that is asked, on the
// snapshot that it was shown, and at the verifier that remembers what it was told, in true time.

import { createHash } from "node:crypto";
import { type Session, type Snapshot, sessionFromRow, sessionKey } from "@hallpass/core";
import {
  type AccessTokenClaims,
  comparePositions,
  type JsonObject,
  parseAccessTokenClaims,
  parseSessionToken,
} from "@hallpass/protocol";
import type { Verdict } from "@hallpass/verifier";
import { TENANT } from "../parts/settings.ts";
import type { TimeLine } from "../world/time-line.ts";
import { Violation } from "../world/violation.ts";
import type { Book } from "./book.ts";
import { timeEndOf } from "./ends.ts";
import { isCutOff, isOver, judgeToken } from "./refreshes.ts";
import type { SessionTruth } from "./session-truth.ts";
import type { Judging } from "./verdicts.ts";

export interface SessionTokenText {
  readonly text: string;
  readonly sid: string;
  readonly fam: string;
  /** From 1. */
  readonly generation: number;
  readonly jti: string;
}

/** Milliseconds by which an end may lie ahead of a node that calls a session over: it speaks of whole seconds, and is asked a while before. */
const ALMOST_OVER = 8000;

export class SessionTokens {
  readonly #line: TimeLine;
  readonly #book: Book;
  readonly #sessions: SessionTruth;
  readonly #byText = new Map<string, SessionTokenText>();
  readonly #texts = new Map<string, string>();

  constructor(line: TimeLine, book: Book, sessions: SessionTruth) {
    this.#line = line;
    this.#book = book;
    this.#sessions = sessions;
  }

  /** A node hands it out, whether or not the answer arrives. */
  minted(text: string, { id: sid, token }: Session): SessionTokenText {
    const bytes = parseSessionToken(text);
    if (bytes === undefined || token === null)
      throw new Violation("D0-no-defect", "a session token was issued that can't be read");
    const { generation, family: fam } = token;
    const before = this.#texts.get(`${sid} ${generation}`) ?? text;
    if (before !== text)
      throw new Violation("P4-one-session-token", `token ${generation} of session ${sid} has two texts`);
    this.#texts.set(`${sid} ${generation}`, text);
    const digest = createHash("sha256").update("hallpass/session-token/1/name").update(bytes).digest();
    const jti = `${sid}.${digest.subarray(0, 9).toString("base64url")}`;
    const known = { text, sid, fam, generation, jti };
    this.#byText.set(text, known);
    return known;
  }

  /** What a node answers about it: claims, or undefined for a no. */
  judgeAnswer(text: string, snapshot: Snapshot, answer: JsonObject | undefined): void {
    const token = this.#byText.get(text);
    if (token === undefined)
      throw new Violation("P3-forged", "a node was asked about a session token that nobody issued");
    const row = snapshot.get(sessionKey({ tenant: TENANT, id: token.sid as Session["id"] }));
    const session = row === undefined ? undefined : sessionFromRow(row);
    const dead = this.#deadAt(token, session, snapshot);
    const name = `token ${token.generation} of session ${token.sid}`;
    if (answer === undefined) {
      if (dead === undefined && session !== undefined && this.#leftOf(session, snapshot.clock) >= 1000)
        throw new Violation("P6-nobody-logged-out", `${name} is live, and was called inactive`);
      return;
    }
    if (dead !== undefined || session === undefined)
      throw dead ?? new Violation("P1-ended-stays-ended", `${name} was called active, and there is no such session`);
    const claims = parseAccessTokenClaims(answer);
    const family = session.families.find(({ id }) => id === token.fam);
    if (claims === undefined || family === undefined || claims.jti !== token.jti)
      throw new Violation("D0-no-defect", `what was said of ${name} can't be read`);
    judgeToken({ claims }, session, this.#sessions.policies.of(session), family, snapshot, undefined);
    if (claims.exp * 1000 > timeEndOf(session))
      throw new Violation("P8-never-wider", `what was said of ${name} holds beyond its session`);
  }

  #deadAt(token: SessionTokenText, session: Session | undefined, snapshot: Snapshot): Violation | undefined {
    const name = `token ${token.generation} of session ${token.sid} was called active, and`;
    if (session === undefined) return undefined;
    if (session.token?.generation !== token.generation)
      return new Violation("P4-one-session-token", `${name} is not the session's any more`);
    const end = this.#book.endOf(session, token.fam, snapshot.head.pos);
    const taken = this.#book.notices.some(
      ({ taking, pos }) =>
        taking.kind === "token" && taking.jti === token.jti && comparePositions(pos, snapshot.head.pos) <= 0,
    );
    if (end !== undefined || taken)
      return new Violation("P2-cut-off-holds", `${name} ${JSON.stringify(end?.taking ?? token.jti)} took it away`);
    const family = session.families.find(({ id }) => id === token.fam);
    return isOver(session, snapshot) || isCutOff(session, token.fam, snapshot) || family?.ended !== null
      ? new Violation("P1-ended-stays-ended", `${name} its session is over`)
      : undefined;
  }

  judgeVerdict({ service, maxStaleness, onStale }: Judging, text: string, verdict: Verdict, storeClock: number): void {
    const token = this.#byText.get(text);
    if (token === undefined) throw new Violation("P3-forged", "a session token was probed that nobody issued");
    const name = `token ${token.generation} of session ${token.sid}`;
    if (verdict.kind === "rejected" && !this.#isTrue(verdict.code, token, storeClock))
      throw new Violation("P10-honest-failure", `${service} refused ${name} as ${verdict.code}, which is not true`);
    if (verdict.kind !== "accepted") return;
    if (verdict.stale && onStale !== "accept")
      throw new Violation("P10-honest-failure", `${service} accepted ${name} on a view that is too old`);
    if (verdict.stale) return;
    const until = this.#line.now - maxStaleness;
    const claims = parseAccessTokenClaims(verdict.claims.all);
    const taken = claims === undefined ? undefined : this.#book.takenBy(this.#whole(claims, token), until);
    const since = this.#sessions.replaced.get(`${token.sid} ${token.generation}`);
    if (since !== undefined && since <= until)
      throw new Violation("P2-bounded", `${service} (M ${maxStaleness}) accepted ${name}, replaced at ${since}`);
    if (claims === undefined || taken !== undefined)
      throw new Violation(
        "P2-bounded",
        `${service} (M ${maxStaleness}) accepted ${name} after ${JSON.stringify(taken?.taking)}`,
      );
  }

  /** With the session's ancestors, whether or not the claims name them. */
  #whole(claims: AccessTokenClaims, { sid }: SessionTokenText): AccessTokenClaims {
    return { ...claims, anc: this.#sessions.get(sid)?.session.ancestors ?? claims.anc };
  }

  #isTrue(code: string, token: SessionTokenText, storeClock: number): boolean {
    const session = this.#sessions.get(token.sid)?.session;
    if (session === undefined) return true;
    const isTaken = this.#book.notices.some(({ taking }) => taking.kind === "token" && taking.jti === token.jti);
    const isGone =
      isTaken ||
      this.#sessions.replaced.has(`${token.sid} ${token.generation}`) ||
      session.state.kind === "ended" ||
      this.#book.endOf(session, token.fam, this.#book.head) !== undefined ||
      this.#sessions.get(token.sid)?.families.get(token.fam)?.ended === true;
    switch (code) {
      case "inactive":
      case "revoked":
        return isGone || this.#leftOf(session, Math.max(storeClock, this.#book.clockSeen)) <= ALMOST_OVER;
      // By either of the verifier's own clocks since it asked, and one may have jumped: neither is compared with the issuer's.
      case "expired":
        return true;
      case "outdated":
        return this.#book.notices.some(({ taking }) => taking.kind === "outdated");
      case "older_epoch":
        return this.#book.notices.some(({ taking }) => taking.kind === "epoch");
      default:
        return false;
    }
  }

  /** Milliseconds until the session, or what it hangs on, is over by time. */
  #leftOf(session: Session, clock: number): number {
    const line = [session, ...session.ancestors.map((id) => this.#sessions.get(id)?.session)];
    const ends = line.map((one) => (one === undefined || one.state.kind === "ended" ? 0 : timeEndOf(one)));
    return Math.min(...ends) - clock;
  }
}

/** Judges a commit: a session's token changes by one, and only where assurance rose or somebody asked for another. Answers the generation that was replaced. */
export function replacedBy(before: Session, next: Session, isAsked: boolean): number | undefined {
  const [was, now] = [before.token, next.token];
  const rose =
    JSON.stringify([before.acr, before.amr, before.authTime]) !== JSON.stringify([next.acr, next.amr, next.authTime]);
  if (JSON.stringify(was) === JSON.stringify(now)) {
    if (rose && was !== null)
      throw new Violation("P4-one-session-token", `assurance of ${next.id} rose, and its token is the same`);
    return undefined;
  }
  if (!rose && !isAsked)
    throw new Violation(
      "P6-nobody-logged-out",
      `the token of ${next.id} was replaced, and nobody had asked for another`,
    );
  if (was === null || now === null || now.generation !== was.generation + 1 || now.previous?.hash !== was.hash)
    throw new Violation("P4-one-session-token", `the token of ${next.id} was replaced by one that does not follow it`);
  return was.generation;
}
