// When somebody signed in, as an app says it. One that lies ahead would be recent for as long as it does, wherever a recent one is asked for.

import { MAX_SKEW_SECONDS } from "@hallpass/protocol";
import type { Instant } from "../kernel/time.ts";

/** By more than clocks may differ. `authTime` in seconds. */
export function liesAhead(authTime: number | null | undefined, now: Instant): boolean {
  return typeof authTime === "number" && authTime * 1000 > now + MAX_SKEW_SECONDS * 1000;
}
