// Judges every verdict at its decision instant, in true time.

import type { OnStale } from "@hallpass/protocol";
import { comparePositions } from "@hallpass/protocol";
import type { Verdict } from "@hallpass/verifier";
import { SKEW } from "../parts/settings.ts";
import type { Machine } from "../world/machine.ts";
import type { TimeLine } from "../world/time-line.ts";
import { Violation } from "../world/violation.ts";
import type { Book } from "./book.ts";
import type { AccessToken } from "./minted.ts";
import type { PolicyTruth } from "./policy-truth.ts";
import type { Receipts } from "./receipts.ts";

export interface Judging {
  readonly service: string;
  readonly machine: Machine;
  /** Milliseconds. */
  readonly maxStaleness: number;
  readonly onStale: OnStale;
}

/** Milliseconds: a view that was not confirmed for this long calls no key unknown (AT-V3). */
const KEYS_CERTAIN = 5000;

export class Verdicts {
  readonly #line: TimeLine;
  readonly #book: Book;
  readonly #receipts: Receipts;
  readonly #policies: PolicyTruth;
  /** Good tokens refused because their key was published less than M before. */
  youngKeys = 0;
  readonly #strict: boolean;

  constructor(line: TimeLine, book: Book, receipts: Receipts, policies: PolicyTruth, strict: boolean) {
    this.#policies = policies;
    this.#strict = strict;
    this.#line = line;
    this.#book = book;
    this.#receipts = receipts;
  }

  judge(verifier: Judging, token: AccessToken, verdict: Verdict, storeClock: number): void {
    if (verdict.kind === "accepted") this.#accepted(verifier, token, verdict.stale);
    if (verdict.kind === "rejected") this.#rejected(verifier, token, verdict.code, storeClock);
  }

  #accepted(verifier: Judging, token: AccessToken, stale: boolean): void {
    const { service, maxStaleness, onStale, machine } = verifier;
    const { now } = this.#line;
    const { claims } = token;
    if (!token.genuine) throw new Violation("P3-forged", `${service} accepted a text that nobody signed`);
    if (machine.wall >= (claims.exp + SKEW) * 1000)
      throw new Violation("P8-never-wider", `${service} accepted ${claims.jti} after its end`);
    if (stale && onStale !== "accept")
      throw new Violation("P10-honest-failure", `${service} accepted on a view that is too old`);
    if (stale) return;
    const taken = this.#book.takenBy(claims, now - maxStaleness);
    if (taken !== undefined)
      throw new Violation(
        "P2-bounded",
        `${service} (M ${maxStaleness}) accepted ${claims.jti} ${now - taken.at} ms after ${taken.pos.epoch}.${taken.pos.seq} ${JSON.stringify(taken.taking)}`,
      );
    if (this.#policies.outlives(claims.sid, claims.exp, now - maxStaleness))
      throw new Violation("P8-never-wider", `${service} accepted ${claims.jti}, which outlives its session`);
    const bad = this.#book.compromised.get(token.kid);
    if (bad !== undefined && now - bad >= maxStaleness)
      throw new Violation(
        "P9-compromised-key",
        `${service} accepted a signature of ${token.kid} ${now - bad} ms after`,
      );
    const taking = this.#book.notices.filter((notice) => this.#book.takes(notice, claims));
    this.#receipts.accepted(service, (pos) => taking.some((notice) => comparePositions(notice.pos, pos) === 0));
  }

  /** A rejection is a word about the token; it must be true now, whatever failed. */
  #rejected(
    { service, machine, maxStaleness }: Judging,
    { claims, kid, genuine }: AccessToken,
    code: string,
    storeClock: number,
  ): void {
    if (!genuine) return;
    const { now } = this.#line;
    if (!this.#isTrue(code, claims, kid, machine, storeClock))
      throw new Violation("P10-honest-failure", `${service} refused ${claims.jti} as ${code}, which is not true`);
    const published = this.#book.published.get(kid);
    if (code !== "unknown_key" || this.#book.compromised.has(kid)) return;
    // A key may go when the last token that it signed has expired, not before.
    if (this.#book.removed.has(kid) && storeClock >= claims.exp * 1000) return;
    if (published !== undefined && now - published < Math.min(maxStaleness, KEYS_CERTAIN) && !this.#strict)
      this.youngKeys += 1;
    else throw new Violation("P10-honest-failure", `${service} does not know the key of ${claims.jti}`);
  }

  #isTrue(code: string, claims: AccessToken["claims"], kid: string, machine: Machine, storeClock: number): boolean {
    const taking = this.#book.notices
      .filter((notice) => this.#book.takes(notice, claims))
      .map(({ taking: { kind } }) => kind);
    switch (code) {
      case "revoked":
        return taking.some((kind) => kind !== "outdated" && kind !== "epoch");
      case "outdated":
        return taking.includes("outdated");
      case "older_epoch":
        return taking.includes("epoch");
      // At the issuer, by the rows: their ends, too, that made no notice.
      case "inactive":
        return true;
      case "expired":
        return Math.max(machine.wall, storeClock, this.#book.clockSeen) >= (claims.exp + SKEW) * 1000;
      case "not_yet_valid":
        return machine.wall < (claims.iat - SKEW) * 1000;
      case "unknown_key":
        return this.#book.published.has(kid);
      default:
        return false;
    }
  }
}
