// What the endpoints work with. Made once by main or by whoever mounts the handler; each operation takes from it what its Deps name.

import type {
  Clock,
  Dice,
  FactReader,
  FaultCode,
  FleetMember,
  Heard,
  Instant,
  Issuer,
  KeyEncryptionKey,
  KeyPolicy,
  KeyRing,
  NewSigningKey,
  Policy,
  Seconds,
  Store,
  TenantId,
} from "@hallpass/core";
import type { Position, VerifierStats } from "@hallpass/protocol";
import type { CookieTraits } from "./cookie.ts";
import type { RefusedCalls } from "./endpoints/refused-calls.ts";
import type { HeadReader } from "./feed/head-reader.ts";
import type { Pull, PullAnswer, PullBearer } from "./feed/pull.ts";
import type { RevocationRuns } from "./host/revocation-runs.ts";
import type { StoreTime } from "./host/store-time.ts";
import type { Limits } from "./limits/limits.ts";
import type { FactBell } from "./observe/fact-bell.ts";
import type { Observer } from "./observe/observer.ts";
import type { Tracing } from "./observe/tracing.ts";
import type { PublishedKeys } from "./outbound/published-keys.ts";

/** What this node hears of the verifiers that are connected to it. */
export interface Hearing {
  /** By `heardAs`. */
  heard(): ReadonlyMap<string, Heard>;
  readonly listeningSince: Instant;
  /** By when every read showed the position, by the store's time: as early as this node knows, `at` at the latest, when a read has shown it. */
  shownBy(pos: Position, at: Instant): Instant;
  /** Settles when every connected verifier has acknowledged the position, or after `maxMs`. `met` is told of each when it has. */
  waitApplied(pos: Position, maxMs: number, met?: (heardAs: string) => void): Promise<unknown>;
  /** The same for verifiers that are connected to other nodes, as those note it. */
  waitElsewhere(pos: Position, maxMs: number): Promise<unknown>;
  /** The same for a version of the keys, here. */
  waitKeys(version: number, maxMs: number): Promise<unknown>;
  /** Those that are connected now, with what they reported. */
  connections(): readonly {
    readonly instance: string;
    readonly heardAs: string;
    readonly service: string;
    readonly region: string | null;
    readonly stats: VerifierStats;
  }[];
  /** Those that pulled lately, the same. */
  pulls(): readonly { readonly heardAs: string; readonly stats: VerifierStats }[];
  /** The answer to a verifier that keeps no connection; absent without a feed. */
  pull?(pull: Pull, bearer: PullBearer): Promise<PullAnswer>;
}

/** Every verifier that may hold a lease, and what other nodes have noted of what they had acknowledged. */
export interface Fleet {
  readonly members: readonly FleetMember[];
  readonly noted: ReadonlyMap<string, Position>;
}

export interface Services {
  readonly store: Store;
  /** Whether the store's clock may be believed: what a receipt calls passed is judged by it. */
  readonly storeTime: StoreTime;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly tenant: TenantId;
  readonly issuer: Issuer;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly clientTokenLifetime: Seconds;
  /** Whether the host asks callers for a certificate, by which clients may authenticate. */
  readonly asksForCertificates: boolean;
  /** How the cookie is written that carries a session token. */
  readonly cookie: CookieTraits;
  readonly keys: KeyRing;
  /** For the operations that change keys. */
  readonly kek: KeyEncryptionKey;
  readonly newSigningKey: NewSigningKey;
  readonly policy: KeyPolicy;
  readonly hearing: Hearing;
  /** Who is in the fleet, for receipts. */
  readonly fleet: HeadReader<Fleet>;
  /** The keys of clients that publish them (jwks_uri). */
  readonly publishedKeys: PublishedKeys;
  /** The runs of large revocations. */
  readonly runs: RevocationRuns;
  /** Settles when everything else that had arrived has had its turn. */
  readonly pause: () => Promise<void>;
  readonly observer: Observer;
  /** Absent without an SDK of OpenTelemetry in the process. */
  readonly tracing?: Tracing;
  /** Rings when facts were committed here: for whoever follows the log. */
  readonly factBell: Pick<FactBell, "rung" | "next">;
  /** Milliseconds for which the audit keeps its records and checkpoints. */
  readonly auditKept: number;
  /** Chains the facts. */
  readonly auditReader: FactReader;
  /** What becomes of calls that are refused. */
  readonly refusedCalls: RefusedCalls;
  /** How often what may be asked of this node. */
  readonly limits: Limits;
  /** The text of the metrics page, and its media type. */
  readonly metricsPage: () => Promise<{ readonly text: string; readonly type: string }>;
  /** False as soon as the server began to drain. */
  readonly isServing: () => boolean;
  /** Why the store did not take the last change; undefined when it does, or nobody knows. */
  readonly writeFault: () => FaultCode | undefined;
}

/** For a server without a feed: nobody is heard, and nobody is waited for. */
export function noHearing(listeningSince: Instant): Hearing {
  return {
    heard: () => new Map(),
    listeningSince,
    shownBy: (_, at) => at,
    waitApplied: async () => undefined,
    waitElsewhere: async () => undefined,
    waitKeys: async () => undefined,
    connections: () => [],
    pulls: () => [],
  };
}
