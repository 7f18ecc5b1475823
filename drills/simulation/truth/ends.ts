// When a session is over by time alone, told a second time: by its row, and by nothing that core computes from it.

import type { Session } from "@hallpass/core";

/** By the store's clock. The absolute end lies on a whole second, so that a token's `exp` can name it. */
export function absoluteEndOf({ opened, policy }: Session): number {
  return Math.floor((opened + policy.absolute * 1000) / 1000) * 1000;
}

export function timeEndOf(session: Session): number {
  return Math.min(session.lastActive + session.policy.idle * 1000, absoluteEndOf(session));
}
