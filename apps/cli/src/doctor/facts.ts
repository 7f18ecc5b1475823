// What the doctor looked at, before anybody judges it. What could not be looked at says why, and is never taken for right.

import type { Config } from "@hallpass/server";

export type Seen<T> = { readonly seen: true; readonly value: T } | { readonly seen: false; readonly why: string };

export interface Certificate {
  /** Why it is not to be trusted; null when it is. */
  readonly problem: string | null;
  readonly valid_to_ms: number;
}

/** An answer to a header of eight kilobytes beside the answer without it. */
export interface HeaderAnswers {
  readonly plain: string;
  readonly large: string;
}

export interface ClockReading {
  /** How far the server's clock is before this machine's; negative: behind. */
  readonly ahead_ms: number;
  /** How far the reading may be off, either way. */
  readonly within_ms: number;
}

export interface KeyFacts {
  readonly keys: readonly { readonly kid: string; readonly alg: string; readonly state: string }[];
  readonly rotations: readonly {
    readonly alg: string;
    readonly due_ms: number;
    readonly proceeds_ms: number;
    readonly waiting_for: readonly string[];
  }[];
  readonly key_encryption: { readonly current: string; readonly sealed_under: readonly string[] };
}

export interface FleetFacts {
  readonly as_of_ms: number;
  readonly verifiers: readonly {
    readonly instance: string;
    readonly service: string;
    readonly max_staleness_ms: number;
    readonly on_stale: string;
    readonly last_seen_ms: number;
    readonly stats: { readonly view_age_ms?: number; readonly clock_skew_ms?: number };
  }[];
}

export interface PolicyFacts {
  readonly name: string;
  readonly access_lifetime_s: number;
  readonly retry_window_s: number;
}

export interface ReaderFacts {
  readonly name: string;
  readonly failures: number;
  readonly laid_aside: number;
}

/** The oldest record after the last checkpoint; null when the checkpoint covers them all. */
export interface AuditFacts {
  readonly checkpoint: number | null;
  readonly uncovered_since_ms: number | null;
}

export interface Facts {
  readonly now_ms: number;
  /** Problems of the configuration; none when it can stand. */
  readonly problems: Seen<readonly string[]>;
  readonly config: Seen<Config>;
  /** Variables of the environment that hold a secret. */
  readonly secretVariables: Seen<readonly string[]>;
  /** Files with keys and secrets that are not their owner's and group's alone. */
  readonly openFiles: Seen<readonly string[]>;
  /** The status of /readyz; null when no connection came about. */
  readonly ready: Seen<number | null>;
  readonly issuer: Seen<string>;
  readonly certificate: Seen<Certificate>;
  /** Whether a version of TLS before 1.2 is spoken. */
  readonly oldTls: Seen<boolean>;
  readonly headers: Seen<HeaderAnswers>;
  readonly clock: Seen<ClockReading>;
  /** The claims and the size of the token that this command was given. */
  readonly token: Seen<{ readonly bytes: number; readonly claims: Readonly<Record<string, unknown>> }>;
  /** Of a page of sessions. */
  readonly subjects: Seen<readonly string[]>;
  readonly policies: Seen<readonly PolicyFacts[]>;
  readonly keys: Seen<KeyFacts>;
  /** Key ids in the key set that everyone may read. */
  readonly published: Seen<readonly string[]>;
  readonly fleet: Seen<FleetFacts>;
  readonly readers: Seen<readonly ReaderFacts[]>;
  readonly audit: Seen<AuditFacts>;
  /** The page of metrics. */
  readonly metrics: Seen<string>;
}
