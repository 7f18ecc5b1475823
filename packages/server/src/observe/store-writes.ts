// Whether the store takes changes, as far as the last ones have shown. A disk that is full answers reads as ever, and only whoever writes
// would notice. What is known grows old: after ten seconds without a try nobody knows, and whoever is sent here finds out.

import { type Clock, Fault, type FaultCode, type Outcome } from "@hallpass/core";

export interface StoreWrites {
  /** Of each change whose outcome is known. */
  readonly noted: (outcome: Outcome) => void;
  /** Why the last change was not written; undefined when one was written since, or nobody knows. */
  readonly fault: () => FaultCode | undefined;
}

const KNOWN_FOR_MS = 10_000;

export function storeWrites({ monotonic }: Pick<Clock, "monotonic">): StoreWrites {
  let failed: { readonly code: FaultCode; readonly at: number } | undefined;
  return {
    noted: (outcome) => {
      if (outcome.kind === "committed") failed = undefined;
      if (outcome.kind !== "failed" && outcome.kind !== "unknown") return;
      const code = codeOf(outcome);
      if (code !== "overloaded") failed = { code, at: monotonic() };
    },
    fault: () => (failed === undefined || monotonic() - failed.at >= KNOWN_FOR_MS ? undefined : failed.code),
  };
}

function codeOf(outcome: Extract<Outcome, { readonly kind: "failed" | "unknown" }>): FaultCode {
  if (outcome.cause instanceof Fault) return outcome.cause.code;
  if (outcome.kind === "unknown") return "outcome_unknown";
  return outcome.full ? "store_full" : "store_unavailable";
}
