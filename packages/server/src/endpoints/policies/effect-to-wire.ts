// What a step of a preview or an application found. The counts are of the step: whoever goes on adds them up.

import type { PolicyEffect } from "@hallpass/core";

export function effectToWire(effect: PolicyEffect, nextCursor: string | null): object {
  return {
    examined: effect.examined,
    ...(effect.unreadable === 0 ? {} : { unreadable: effect.unreadable }),
    changed: effect.changed,
    ended: effect.ended,
    ended_by_client: effect.endedByClient,
    ended_by_rule: effect.endedByRule,
    sample: effect.sample,
    next_cursor: nextCursor,
  };
}
