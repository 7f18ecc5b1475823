// What stored notices take away, parsed once for all who look at it, and only as far back as somebody looks.

import type { StoredNotice } from "@hallpass/core";
import { isBefore, isJsonObject, type JsonValue, type Notice, type Position, takingFromWire } from "@hallpass/protocol";

export interface Takings {
  /** Whether one of the notices after this place in the order is such a one. Kinds that this version does not know are none. */
  someAfter(pos: Position, isSuch: (notice: Notice) => boolean): boolean;
}

export function takingsOf(stored: readonly StoredNotice[]): Takings {
  const parsed = new Map<StoredNotice, Notice | undefined>();
  function noticeOf(one: StoredNotice): Notice | undefined {
    if (!parsed.has(one)) parsed.set(one, parse(one));
    return parsed.get(one);
  }
  return {
    someAfter: (pos, isSuch) => {
      for (let index = stored.length - 1; index >= 0; index -= 1) {
        const one = stored[index];
        if (one === undefined || !isBefore(pos, one.pos)) return false;
        const notice = noticeOf(one);
        if (notice !== undefined && isSuch(notice)) return true;
      }
      return false;
    },
  };
}

function parse({ pos, at, until, body }: StoredNotice): Notice | undefined {
  const value = JSON.parse(body) as JsonValue;
  const taking = isJsonObject(value) ? takingFromWire(value) : undefined;
  return taking === undefined || "unknownKind" in taking ? undefined : { pos, at, until, taking };
}
