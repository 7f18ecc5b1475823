// A verifier that is connected to this node, as `GET /v1/verifiers` shows it.

import type { Head, Heard, Instant } from "@hallpass/core";
import { formatPosition, type VerifierStats } from "@hallpass/protocol";
import type { Connected } from "./connection.ts";

export interface ConnectedVerifier {
  readonly instance: string;
  /** Under what this node hears it (`heardAs`). */
  readonly heardAs: string;
  readonly service: string;
  readonly region: string | null;
  readonly version: string;
  readonly maxStaleness: number;
  readonly connectedSince: Instant;
  /** `<epoch>.<seq>`; null before the first acknowledgement. */
  readonly applied: string | null;
  /** Notices of all tenants between what it acknowledged and the newest head that this node has read; null before. */
  readonly lag: number | null;
  readonly keys: number;
  readonly stats: VerifierStats;
  readonly lastPing: Instant | null;
}

export function connectedVerifier(
  { hello, heardAs, stats }: Connected,
  connectedSince: Instant,
  heard: Heard | undefined,
  head: Head | undefined,
): ConnectedVerifier {
  const applied = heard?.applied ?? null;
  return {
    instance: hello.instance,
    heardAs,
    service: hello.service,
    region: hello.region,
    version: hello.version,
    maxStaleness: hello.max_staleness_ms,
    connectedSince,
    applied: applied === null ? null : formatPosition(applied),
    lag: applied === null || head === undefined ? null : Math.max(0, head.pos.seq - applied.seq),
    keys: heard?.keys ?? 0,
    stats,
    lastPing: heard?.lastPing ?? null,
  };
}
