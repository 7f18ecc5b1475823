// What the two threads say to one another. The main thread sends one request and waits for its reply before the next.

import type { Instant } from "@hallpass/core";
import type { ChangeMessage } from "./change-message.ts";
import type { DropBounds, Dropped } from "./change-writer.ts";
import type { PlainCause } from "./sqlite-errors.ts";
import type { BatchResult } from "./writer.ts";

export type WriterRequest =
  | { readonly kind: "commit"; readonly changes: ChangeMessage; readonly at: Instant }
  | { readonly kind: "drop"; readonly bounds: DropBounds }
  | { readonly kind: "close" };

export type WriterReply =
  | { readonly kind: "opened" }
  | ({ readonly kind: "committed" } & BatchResult)
  | { readonly kind: "dropped"; readonly answer: Dropped }
  /** Opening or dropping did not work; nothing was written. */
  | { readonly kind: "failed"; readonly cause: PlainCause };
