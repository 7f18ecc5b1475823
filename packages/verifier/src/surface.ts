// What a verifier offers to an app.

import type { JsonObject } from "@hallpass/protocol";
import type { EndReason } from "./ended.ts";
import type { Metrics } from "./metrics.ts";
import type { Credentials } from "./request.ts";
import type { Requirements } from "./requirements.ts";
import type { Accepted, Verdict } from "./verdict.ts";

export interface Readiness {
  /** Whether a good token would be accepted now. Yours to report or not: it is not the app's readiness. */
  readonly ready: boolean;
  /** Infinity without a lease. */
  readonly viewAgeMs: number;
  readonly connected: boolean;
  readonly view: "empty" | "gathering" | "live" | "lost";
  /** Why the view is not being renewed, in words for a log; null while it is, and before the first try has ended. Holds no secret. */
  readonly problem: string | null;
}

export interface Verifier<All = JsonObject> {
  /** The verdict about a request, or about the text of a token. Never throws for what a client sent. */
  verify(input: Request | string, required?: Requirements): Promise<Verdict<All>>;
  /** The same about a token's text without a wait; undefined when an answer would need one. */
  judge(token: string, required?: Requirements): Verdict<All> | undefined;
  /** The same about the headers of a request, for adapters of frameworks without `Request`. */
  verifyCredentials(credentials: Credentials, required?: Requirements): Promise<Verdict<All>>;
  /**
   * Resolves at the first lease; rejects when closed before, and with `withinMs` after so many milliseconds without one, with the
   * problem in its message; the verifier goes on trying. Where the feed is pulled it pulls, and rejects when that fails.
   */
  ready(withinMs?: number): Promise<void>;
  readiness(): Readiness;
  /**
   * Calls back once when what was accepted is over: taken away, expired, or the view too old (except under `accept`).
   * Returns what stops the watching. Also calls back when that was so before this call, but never inside it. What a callback throws, or
   * rejects with, is counted (`endedFailures`) and stops nobody else's.
   */
  onEnded(verdict: Accepted<All>, callback: (reason: EndReason) => void): () => void;
  metrics(): Metrics;
  /** Tells the server, and accepts nothing any more. */
  close(): void;
}
