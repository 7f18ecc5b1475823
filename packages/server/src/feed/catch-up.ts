// What brings a verifier to where the feed is: what follows its cursor, or a snapshot. Sent no faster than it reads.

import type { Issuer, Store } from "@hallpass/core";
import { comparePositions, type Position } from "@hallpass/protocol";
import type { Round } from "./broadcast.ts";
import { intervalOf } from "./interval.ts";
import { noticePages } from "./notice-pages.ts";
import type { Outbox } from "./outbox.ts";
import type { Snapshots } from "./snapshots.ts";
import type { Takings } from "./takings.ts";

export interface CatchUpDeps {
  readonly store: Store;
  readonly issuer: Issuer;
  readonly snapshots: Snapshots;
  /** Gives others their turn while a large snapshot is written. */
  readonly pause: () => Promise<void>;
}

export interface CatchingUp {
  readonly outbox: Pick<Outbox, "send" | "room" | "isClosed">;
  /** Whatever is sent may take away the bearer of whoever gets it. */
  readonly meet: (takings: Takings) => void;
}

/** Answers the position up to which everything was sent, unless the connection was closed meanwhile. */
export async function sendAfter(
  { store, issuer }: Pick<CatchUpDeps, "store" | "issuer">,
  { outbox, meet }: CatchingUp,
  cursor: Position,
  { head, open }: Round,
): Promise<Position> {
  if (comparePositions(cursor, head.pos) === 0) return cursor;
  for await (const page of noticePages({ store, tenant: issuer.tenant }, cursor, head)) {
    const interval = intervalOf(page, issuer, open.mac);
    outbox.send(interval.text);
    meet(interval.takings);
    await outbox.room();
    if (outbox.isClosed) break;
  }
  return head.pos;
}

/** The same, from nothing; packed where the verifier reads that (CONN-9). */
export async function sendSnapshot(
  { snapshots, pause }: Pick<CatchUpDeps, "snapshots" | "pause">,
  { outbox, meet }: CatchingUp,
  { head, open }: Round,
  packed: boolean,
): Promise<Position> {
  const snapshot = await snapshots.at(head, open.mac);
  meet(snapshot.takings);
  for (const part of snapshot.parts) {
    if (packed ? !part.isPacked : !part.isWritten) await pause();
    outbox.send(packed ? part.message : part.text);
    await outbox.room();
    if (outbox.isClosed) break;
  }
  return snapshot.to;
}
