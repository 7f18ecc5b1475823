// One check of the doctor: a row that says what it looks for, why, and how to mend it, and a pure rule over what was looked at.

import type { Facts, Seen } from "./facts.ts";

export interface Verdict {
  /** `unknown`: it could not look. Counts as a warning, never as right. */
  readonly verdict: "right" | "warning" | "failure" | "unknown";
  readonly what: string;
}

export interface Check {
  readonly id: string;
  readonly list: "pre-production" | "production";
  readonly title: string;
  readonly why: string;
  readonly mend: string;
  readonly judge: (facts: Facts) => Verdict;
}

export const right = (what: string): Verdict => ({ verdict: "right", what });
export const warning = (what: string): Verdict => ({ verdict: "warning", what });
export const failure = (what: string): Verdict => ({ verdict: "failure", what });
export const unknown = (what: string): Verdict => ({ verdict: "unknown", what });

export function given<T>(seen: Seen<T>, judge: (value: T) => Verdict): Verdict {
  return seen.seen ? judge(seen.value) : unknown(seen.why);
}
