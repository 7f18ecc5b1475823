// What a view would hold that was fed by a peer's frames (FEED-2, FEED-3), judged strictly: a gap is an error.

import { comparePositions, formatPosition, type HeadFrame, isBefore, type Position } from "@hallpass/protocol";
import type { Peer } from "./peer.ts";

export interface Received {
  readonly at: Position | undefined;
  /** Positions of notices, each as often as a view took it in. */
  readonly positions: readonly string[];
}

/** `resumedAt`: what the cursor that was shown covers. `atHead` is called for each head with what was held by then. */
export function receivedBy(
  peer: Peer,
  resumedAt: Position | undefined,
  atHead: (head: HeadFrame, held: Received) => void = () => {},
): Received {
  let at = peer.welcome?.resumed === true ? resumedAt : undefined;
  let positions: string[] = [];
  let parts = 0;
  for (const frame of peer.frames) {
    if (frame.type === "snapshot") {
      parts += 1;
      if (frame.part !== parts) throw new Error("a part of a snapshot is out of order");
      positions.push(...frame.notices.map(({ pos }) => formatPosition(pos)));
      if (frame.last) at = frame.to;
    }
    if (frame.type === "notices") {
      const before = at;
      if (before === undefined || isBefore(before, frame.after)) throw new Error("a gap");
      const fresh = frame.notices.filter(({ pos }) => isBefore(before, pos));
      positions = [...positions, ...fresh.map(({ pos }) => formatPosition(pos))];
      if (comparePositions(frame.to, before) > 0) at = frame.to;
    }
    if (frame.type === "head") atHead(frame, { at, positions });
  }
  return { at, positions };
}
