// What clients and operators asked about each session, and what they were answered: nothing that they could not see themselves.

import type { TimeLine } from "../world/time-line.ts";
import { Violation } from "../world/violation.ts";
import { type Call, misfit, type Observed } from "./linear.ts";

export class Calls {
  readonly #line: TimeLine;
  /** When the store's clock was last set back, in true time. */
  #setBack = Number.NEGATIVE_INFINITY;
  /** By session and family. */
  readonly #families = new Map<string, Call[]>();
  /** What is about the whole session, for all of its families. */
  readonly #sessions = new Map<string, Call[]>();

  constructor(line: TimeLine) {
    this.#line = line;
  }

  /** A question is asked now. Tells what came of it: undefined for no answer, and for one that says that nobody knows. */
  ask(sid: string, fam: string | null): (what: Observed, isKnown: boolean) => void {
    const asked = this.#line.now;
    const [map, key] = fam === null ? [this.#sessions, sid] : [this.#families, `${sid}/${fam}`];
    return (what, isKnown) => {
      const calls = map.get(key) ?? [];
      calls.push({ asked, answered: isKnown ? this.#line.now : Number.POSITIVE_INFINITY, what });
      map.set(key, calls);
    };
  }

  /** The store's clock is set back: what nobody saw before it went back, nobody wrote down (SECURITY.md). */
  clockSetBack(): void {
    this.#setBack = this.#line.now;
  }

  /** Throws where the answers about a family fit no order. */
  judge(): void {
    for (const [name, calls] of this.#families) {
      const [sid = ""] = name.split("/");
      const all = [...calls, ...(this.#sessions.get(sid) ?? [])];
      const wrong = misfit(all.filter((call) => !this.#isTakenBack(call)));
      if (wrong === undefined) continue;
      const stuck = wrong.stuck.map(({ asked, answered, what }) => `${asked}..${answered} ${JSON.stringify(what)}`);
      throw new Violation(
        "L2-one-order",
        `${name}: ${wrong.fits} of ${all.length} answers fit, then ${stuck.join(", ")}`,
      );
    }
  }

  /** An end that is a matter of time alone was told by a clock that has been set back since: it says nothing of what comes after. */
  #isTakenBack({ answered, what }: Call): boolean {
    if (answered > this.#setBack) return false;
    return what.kind === "refresh" ? what.outcome === "ended" : what.kind === "read" && !what.isActive;
  }
}
