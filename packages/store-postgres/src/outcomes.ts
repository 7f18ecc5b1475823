// What an error of the driver means for a commit. PostgreSQL's codes are compared, messages never (appendix A of its manual).

import type { Change, Outcome } from "@hallpass/core";

/**
 * Classes in which the server has undone the transaction and says so: data, constraints, rights and syntax, roll-backs,
 * resources, a state that forbids it, a cancelled statement. In any other (a connection that broke, a server that goes down)
 * the commit may be there.
 */
const UNDONE: readonly string[] = ["22", "23", "25", "28", "40", "42", "53", "54", "55"];
/** Of a class that undoes, and the one code in it that does not know. */
const COMPLETION_UNKNOWN = "40003";
const QUERY_CANCELED = "57014";
const DISK_FULL = "53100";
/** Deadlock and serialisation failure: trying again is what they ask for. */
const AGAIN: readonly string[] = ["40P01", "40001"];

export function isWorthAnother(error: unknown): boolean {
  return AGAIN.includes(codeOf(error) ?? "");
}

/** The outcome of every change of a call that ended with an error. `sent` is false while nothing can have reached the server. */
export function outcomesOf(error: unknown, changes: readonly Change[], sent: boolean): readonly Outcome[] {
  const code = codeOf(error);
  const undone = !sent || (code !== undefined && isUndone(code));
  const outcome: Outcome = undone
    ? { kind: "failed", cause: error, full: code === DISK_FULL }
    : { kind: "unknown", cause: error };
  return changes.map(() => outcome);
}

function isUndone(code: string): boolean {
  if (code === COMPLETION_UNKNOWN) return false;
  return UNDONE.includes(code.slice(0, 2)) || code === QUERY_CANCELED;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  // SQLSTATE has five characters; errors of sockets have names such as ECONNRESET.
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}
