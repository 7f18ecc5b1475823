// The decision instant (LEASE-8): whatever may wait has been waited for, both clocks are read once, and one synchronous step says what is true
// now, in the order of spec/access-token.md.

import { type Activity, NOTE_EVERY_MS } from "./activity.ts";
import type { EndReason } from "./ended.ts";
import { judgeClaims, judgeSaid, judgeView } from "./judge.ts";
import type { Knowledge } from "./knowledge.ts";
import { ageOf, leftOf, type Reading } from "./lease.ts";
import type { Remembered } from "./memory.ts";
import { keysCertainMs, type Settings } from "./options.ts";
import type { Clock } from "./ports.ts";
import { judgeRequirements, type Requirements } from "./requirements.ts";
import { accepted, type RejectionCode, rejected, unavailable, type Verdict } from "./verdict.ts";

export interface DecisionDeps {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly knowledge: Knowledge;
  readonly activity: Activity;
}

export class Decision {
  readonly #deps: DecisionDeps;
  /** Whether there has been a lease. */
  everFresh = false;
  closed = false;
  /** Milliseconds that the server's clock is ahead. */
  serverAhead = 0;

  constructor(deps: DecisionDeps) {
    this.#deps = deps;
  }

  /** `asked` is when the issuer was asked about this very token, if it was. */
  decide(read: Remembered | RejectionCode, required: Requirements, asked: Reading | undefined): Verdict {
    const { clock, knowledge, settings, activity } = this.#deps;
    const { maxStalenessMs, onStale, issuer, audience } = settings;
    const wall = clock.now();
    const mono = clock.monotonic();
    const viewAge = knowledge.lease.age(wall, mono);
    const untrusted = typeof read === "string" ? read : this.#trusts(read.key) ? undefined : "unknown_key";
    if (typeof read === "string" || untrusted !== undefined) {
      // A key that a view doesn't know may be one that was published since, unless the issuer has just confirmed the view (AT-V3).
      const certain = read === "unknown_key" ? keysCertainMs(settings) : maxStalenessMs;
      if (untrusted === "unknown_key" && !(viewAge < certain)) return this.cannotKnow();
      return rejected(untrusted ?? "unknown_key");
    }
    const { claims, keys } = read;
    const skewSeconds = knowledge.skewSeconds;
    const expected = { issuer, audience, skewSeconds, maxLifetimeSeconds: knowledge.maxLifetimeSeconds };
    const { said } = read;
    const saidFor = said === undefined ? 0 : said.forMs - ageOf(said.asked, wall, mono);
    const wrong = said === undefined ? judgeClaims(claims, expected, wall) : judgeSaid(claims, expected);
    if (wrong !== undefined) return rejected(wrong);
    if (said !== undefined && saidFor <= 0) return rejected("expired");
    const known = knowledge.known;
    // Hashes that were computed before the salt changed would match nothing: that is not knowing (NOT-2).
    if (known === undefined || keys.salt !== knowledge.salt) return this.cannotKnow();
    const taken = judgeView(claims.exp, read, known, skewSeconds);
    if (taken !== undefined) return rejected(taken);

    const age = asked === undefined ? viewAge : Math.min(viewAge, ageOf(asked, wall, mono));
    const limit = required.maxAgeMs === undefined ? maxStalenessMs : Math.min(required.maxAgeMs, maxStalenessMs);
    const fresh = age < limit && !this.closed;
    // A route that names an age means it, whatever the policy says.
    const stale = !fresh && onStale === "accept" && required.maxAgeMs === undefined && this.everFresh && !this.closed;
    if (!fresh && !stale) return this.cannotKnow();
    if (read.unfit === true) return rejected("claims_refused");
    const unmet = judgeRequirements(claims, required, wall, skewSeconds);
    if (unmet !== undefined) return unmet;

    read.acceptedAt = wall;
    if (claims.sid !== undefined && Math.abs(wall - read.notedAt) >= NOTE_EVERY_MS) {
      read.notedAt = wall;
      activity.note(claims.sid, wall + this.serverAhead);
    }
    const expires = said === undefined ? (claims.exp + skewSeconds) * 1000 : wall + Math.floor(saidFor);
    return accepted(read, age, fresh ? Math.min(expires, wall + leftOf(age, limit)) : expires, stale);
  }

  cannotKnow(): Verdict {
    return unavailable(this.closed ? "closed" : this.everFresh ? "view_too_old" : "no_view");
  }

  /** Only about tokens whose signature fits and that nothing known takes away. */
  worthAsking(read: Remembered | RejectionCode, verdict: Verdict): read is Remembered {
    return (
      this.#deps.settings.onStale === "introspect" &&
      typeof read !== "string" &&
      this.#trusts(read.key) &&
      verdict.kind === "unavailable" &&
      verdict.code === "view_too_old"
    );
  }

  /** Why what was accepted is over, if it is. */
  endOf(keys: Remembered["keys"], key: Remembered["key"]): EndReason | undefined {
    if (!this.#trusts(key)) return "key_removed";
    const { known, salt } = this.#deps.knowledge;
    if (known === undefined || keys.salt !== salt) return "stale";
    return keys.epoch < known.epoch || known.table.taken(keys) !== undefined ? "revoked" : undefined;
  }

  now(): Reading {
    const { clock } = this.#deps;
    return { wall: clock.now(), mono: clock.monotonic() };
  }

  /** Milliseconds; Infinity without a lease. */
  age(): number {
    const { clock, knowledge } = this.#deps;
    return knowledge.lease.age(clock.now(), clock.monotonic());
  }

  /** A session token has no key: who said what it says was the issuer itself. */
  #trusts(key: Remembered["key"]): boolean {
    return key === undefined || this.#deps.knowledge.keys.trusts(key);
  }
}
