// A month in half a minute: the spans and bounds that a day's work would take too long to reach, as edits of a copy of the sources. What
// configuration and policies can shorten is shortened there (main.ts).

import type { Edit } from "../simulation/bugs.ts";

export const SHORTENED: readonly Edit[] = [
  // How long what is over is kept, and what was dropped is looked for.
  {
    file: "core/src/sessions/standing.ts",
    find: "KEPT_AFTER_END: number = 30 * 24 * 60 * 60 * 1000",
    replace: "KEPT_AFTER_END: number = 5000",
  },
  {
    file: "core/src/revocation/revocation-row.ts",
    find: "RECEIPT_KEPT: number = 30 * 24 * 60 * 60 * 1000",
    replace: "RECEIPT_KEPT: number = 5000",
  },
  {
    file: "core/src/operations/idempotency.ts",
    find: "IDEMPOTENCY_KEPT: number = 24 * 60 * 60 * 1000",
    replace: "IDEMPOTENCY_KEPT: number = 5000",
  },
  { file: "core/src/operations/sweep.ts", find: "DECIDED_WITHIN = 60_000", replace: "DECIDED_WITHIN = 1000" },
  { file: "server/src/host/timers.ts", find: "SWEEP_EVERY = 5000", replace: "SWEEP_EVERY = 500" },
  { file: "server/src/host/timers.ts", find: "TEND_EVERY = 60_000", replace: "TEND_EVERY = 1000" },
  { file: "server/src/host/timers.ts", find: "DROP_EVERY = 3_600_000", replace: "DROP_EVERY = 2000" },
  { file: "core/src/keys/key-policy.ts", find: "clockDoubt: secondsOf(DAY)", replace: "clockDoubt: secondsOf(2)" },
  // The least that a policy may say.
  { file: "core/src/sessions/policy-limits.ts", find: "idle: { least: 60 }", replace: "idle: { least: 1 }" },
  {
    file: "core/src/sessions/policy-limits.ts",
    find: "accessLifetime: { least: 10 }",
    replace: "accessLifetime: { least: 1 }",
  },
  // What is remembered of so many: full before anybody looks.
  { file: "store-sqlite/src/acknowledged.ts", find: "const MOST = 20_000;", replace: "const MOST = 200;" },
  { file: "store-sqlite/src/recent-facts.ts", find: "const MOST = 16_384;", replace: "const MOST = 200;" },
  { file: "core/src/keys/seen.ts", find: "const MOST = 4096;", replace: "const MOST = 100;" },
];
