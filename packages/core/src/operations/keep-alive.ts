// Activity that verifiers report, or that an app tells of. It moves a session's last activity forward, seldom, and never revives one.

import { sessionFact } from "../facts.ts";
import type { SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import type { Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { decide } from "../sessions/decide.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END, standingOf } from "../sessions/standing.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";

export interface KeepAliveDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
}

export type KeptAlive = "moved" | "unmoved" | "over" | "unknown";

/** `at`: now by the store's clock, if null: the clocks of nodes differ. Answers `unmoved` when the last activity lies less than a tenth of the idle time back, or ahead. */
export async function keepAlive(
  deps: KeepAliveDeps,
  session: SessionId,
  at: Instant | null,
  by: "report" | "call",
): Promise<KeptAlive> {
  const key = sessionKey({ tenant: deps.issuer.tenant, id: session });
  return change<KeptAlive>(deps.store, deps.dice, [key, ringKey(deps.issuer.tenant)], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) return answer("unknown");
    const found = sessionFromRow(row);
    if (standingOf(found, snapshot).kind === "ended") return answer("over");
    const ruling = decide(found, { kind: "seen", at: at ?? snapshot.clock }, snapshot.clock);
    if (ruling.kind !== "changed") return answer("unmoved");
    return write({
      rows: [{ key, expect: row.version, next: sessionToRow(ruling.next, KEPT_AFTER_END, row.expires) }],
      facts: [sessionFact(found.tenant, found.id, snapshot.clock, "session_kept_alive", { by })],
      answer: () => "moved",
    });
  });
}
