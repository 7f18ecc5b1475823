// How long after its commit a revocation was known to every connected verifier, and to those of each service: measured as it happens.

import type { Clock } from "@hallpass/core";
import { formatPosition, type Position } from "@hallpass/protocol";
import type { Hearing } from "../services.ts";
import type { Metrics } from "./metrics.ts";
import type { Tracing } from "./tracing.ts";

const LONGEST = 60_000;
/** Under a flood, those measured already stand for the others. */
const MOST_AT_ONCE = 64;

export function revocationLag(
  clock: Clock,
  metrics: Metrics,
  tracing: Tracing | undefined,
): { readonly revoked: (pos: Position, hearing: Hearing) => void } {
  let measuring = 0;
  return {
    revoked: (pos, hearing) => {
      if (measuring >= MOST_AT_ONCE || hearing.connections().length === 0) return;
      measuring += 1;
      const start = clock.monotonic();
      const known = tracing?.began("hallpass.revocation.propagation", { "hallpass.position": formatPosition(pos) });
      const settled = (): void => {
        measuring -= 1;
        known?.();
        metrics.revocationLag(clock.monotonic() - start);
      };
      const verifiers = new Map(hearing.connections().map((one) => [one.heardAs, one]));
      const met = (heardAs: string): void => {
        const verifier = verifiers.get(heardAs);
        if (verifier !== undefined) metrics.verifierLag(verifier, clock.monotonic() - start);
      };
      hearing.waitApplied(pos, LONGEST, met).then(settled, settled);
    },
  };
}
