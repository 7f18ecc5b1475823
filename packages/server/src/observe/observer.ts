// What the endpoints tell about themselves. Bounded words only: no id, no address, nothing that a caller chose.

import type { RefreshOutcome } from "@hallpass/core";

export interface FinishedRequest {
  readonly requestId: string;
  readonly method: string;
  /** The path of the endpoint's row, never the path that was asked for. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  /** The code of the refusal that was answered, if one was. */
  readonly refusal?: string | null;
  /** An X-Request-Id that the caller sent, if it is one that can stand in a log. */
  readonly callerRequestId: string | null;
  /** The person behind the call, if one was named, and whether that was proven. */
  readonly actor?: string;
  readonly actorProof?: "declared" | "proven";
  /** The address that it came from; null when nobody can know. */
  readonly peer: string | null;
}

/** How far people came who wanted to sign in, as their app reports. */
export type SignInStage = "started" | "finished" | "failed";

/** What was shown a second time although it is good once. */
export type Replayed = "client_assertion" | "refresh_token";

/** Why an assertion of a client is out of its time. */
export type Untimely = "expired" | "early" | "too_long";

export interface Observer {
  readonly request: (finished: FinishedRequest) => void;
  /** A refresh that reached its verdict. */
  readonly refreshed: (verdict: RefreshOutcome) => void;
  /** Tokens that were issued otherwise. */
  readonly issued: (by: "session" | "client_credentials") => void;
  readonly tokenSize: (bytes: number) => void;
  /** Somebody asked about a token. */
  readonly introspected: (isActive: boolean) => void;
  readonly signIns: (stage: SignInStage, count: number) => void;
  readonly replayed: (what: Replayed) => void;
  /** Milliseconds between a client's clock, when it made an assertion, and ours; negative when it is ahead. */
  readonly clientBehind: (ms: number) => void;
  readonly assertionUntimely: (why: Untimely) => void;
  /** Every live notice was gathered, for all who ask at the same place. */
  readonly snapshotBuilt: () => void;
  /** Something was thrown: a fault or a defect. */
  readonly failed: (requestId: string, route: string, thrown: unknown) => void;
}

export const SILENT: Observer = {
  request: () => {},
  refreshed: () => {},
  issued: () => {},
  tokenSize: () => {},
  introspected: () => {},
  signIns: () => {},
  replayed: () => {},
  clientBehind: () => {},
  assertionUntimely: () => {},
  snapshotBuilt: () => {},
  failed: () => {},
};
