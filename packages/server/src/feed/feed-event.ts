// What the feed tells about itself, as values: logs and metrics are made from them elsewhere.

import type { Position } from "@hallpass/protocol";

export type FeedEvent =
  | { readonly kind: "joined"; readonly instance: string; readonly service: string; readonly resumed: boolean }
  /** A verifier without a connection is new here, or its row was written again. */
  | { readonly kind: "pulled"; readonly instance: string; readonly service: string }
  | { readonly kind: "closed"; readonly instance: string | null; readonly code: number; readonly reason: string }
  | { readonly kind: "published"; readonly to: Position; readonly notices: number; readonly connections: number }
  | { readonly kind: "snapshot_built"; readonly to: Position; readonly parts: number }
  | { readonly kind: "activity_dropped"; readonly sessions: number }
  /** Acknowledged history is missing: a cursor proved it, or the store's own head went back. */
  | { readonly kind: "history_lost"; readonly above: Position; readonly by: "cursor" | "head" }
  /** Something was thrown: a Fault, or a defect if it is anything else. */
  | {
      readonly kind: "failed";
      readonly during: "answering" | "joining" | "renewing" | "leaving" | "noting" | "activity" | "auth" | "upgrade";
      readonly cause: unknown;
    };

export type FeedLog = (event: FeedEvent) => void;
