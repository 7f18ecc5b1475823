// Snapshots are built once for all who wait for one at that place, so that ten thousand verifiers which reconnect together
// cost one walk over the notices. Only the newest is kept.

import type { Head, Issuer, MacKeys, Store, StoredNotice } from "@hallpass/core";
import { isBefore, type Position } from "@hallpass/protocol";
import { cursorText, partHead } from "./frame-texts.ts";
import { BEFORE_ALL, noticePages } from "./notice-pages.ts";
import { SnapshotPart } from "./snapshot-part.ts";
import { type Takings, takingsOf } from "./takings.ts";

export interface Snapshot {
  readonly to: Position;
  readonly parts: readonly SnapshotPart[];
  readonly takings: Takings;
}

export interface Snapshots {
  /** One that is complete up to `head` at least. Rejects with a Fault when the store can't tell. */
  at(head: Head, mac: MacKeys): Promise<Snapshot>;
  /** For history that was lost: what was built from it must not be sent. */
  forget(): void;
}

export interface SnapshotDeps {
  readonly store: Store;
  readonly issuer: Issuer;
  readonly built: (snapshot: Snapshot) => void;
}

export function createSnapshots(deps: SnapshotDeps): Snapshots {
  let newest: Snapshot | undefined;
  let building: Promise<Snapshot> | undefined;
  let generation = 0;

  async function start(head: Head, mac: MacKeys): Promise<Snapshot> {
    const begun = generation;
    try {
      const snapshot = await build(deps, head, mac);
      if (begun === generation) newest = snapshot;
      deps.built(snapshot);
      return snapshot;
    } finally {
      building = undefined;
    }
  }

  return {
    at: async (head, mac) => {
      // Whoever waits for a build that began for an older head looks again; the next build is for all of these.
      while (newest === undefined || isBefore(newest.to, head.pos)) {
        building ??= start(head, mac);
        const snapshot = await building;
        if (!isBefore(snapshot.to, head.pos)) return snapshot;
      }
      return newest;
    },
    forget: () => {
      newest = undefined;
      generation += 1;
    },
  };
}

async function build({ store, issuer }: SnapshotDeps, head: Head, mac: MacKeys): Promise<Snapshot> {
  const parts: SnapshotPart[] = [];
  const all: StoredNotice[] = [];
  for await (const { notices, horizon, last } of noticePages({ store, tenant: issuer.tenant }, BEFORE_ALL, head)) {
    const stretch = { to: head.pos, cursor: cursorText(mac, issuer, head), notices, horizon };
    parts.push(new SnapshotPart(partHead(parts.length + 1, last ? stretch : undefined), notices));
    for (const notice of notices) all.push(notice);
  }
  return { to: head.pos, parts, takings: takingsOf(all) };
}
