// A stretch of the order of notices as one frame, shared by all who get it.

import type { Issuer, MacKeys } from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import { cursorText, noticesText } from "./frame-texts.ts";
import type { NoticePage } from "./notice-pages.ts";
import { type Takings, takingsOf } from "./takings.ts";

export interface Interval {
  readonly after: Position;
  readonly to: Position;
  readonly count: number;
  readonly takings: Takings;
  /** False when it leads into another epoch and does not hold the notice that starts it: then no view can follow it (FEED-4). */
  readonly canBeFollowed: boolean;
  readonly text: string;
}

export function intervalOf(page: NoticePage, issuer: Issuer, mac: MacKeys): Interval {
  const { after, to, notices, horizon } = page;
  const takings = takingsOf(notices);
  const startsEpoch = (): boolean =>
    takings.someAfter(after, ({ taking, pos }) => taking.kind === "epoch" && pos.epoch === to.pos.epoch);
  return {
    after,
    to: to.pos,
    count: notices.length,
    takings,
    canBeFollowed: after.epoch === to.pos.epoch || startsEpoch(),
    text: noticesText({ after, to: to.pos, cursor: cursorText(mac, issuer, to), notices, horizon }),
  };
}
