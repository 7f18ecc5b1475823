// Where a notice stands and how long it lives (spec/positions.md POS-3 and POS-4): the same arithmetic in every store.

import type { Position } from "@hallpass/protocol";
import { afterMs, type Instant, latest } from "../kernel/time.ts";
import type { NoticeDraft } from "./store.ts";

/** The position of a notice that comes right after `head`. A new epoch lies above head and `above` in both parts, so that seq never falls. */
export function placeAfter(head: Position, draft: NoticeDraft): Position {
  if (draft.newEpoch === undefined) return { epoch: head.epoch, seq: head.seq + 1 };
  const above = draft.newEpoch.above ?? head;
  return { epoch: Math.max(head.epoch, above.epoch) + 1, seq: Math.max(head.seq, above.seq) + 1 };
}

/** When a notice that is committed at `at` is over. */
export function livesUntil(draft: NoticeDraft, at: Instant): Instant {
  const until = afterMs(at, draft.livesMs);
  return draft.liveUntil === undefined ? until : latest(until, draft.liveUntil);
}
