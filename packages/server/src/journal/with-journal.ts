// Puts the journal in front of a store, if one is configured. A store that is older than its journal is not served: somebody has restored it,
// and what was revoked since would be accepted again.

import { join } from "node:path";
import type { Clock, Dice, Store } from "@hallpass/core";
import { formatPosition } from "@hallpass/protocol";
import type { Config } from "../config.ts";
import type { JournalHeader } from "./journal-line.ts";
import { JournalWriter } from "./journal-writer.ts";
import { journaledStore } from "./journaled-store.ts";
import { lastKept } from "./read-journal.ts";

type JournalSettings = Pick<Config, "revocation_journal" | "revocation_journal_kept">;

/** Each tenant has a directory of its own. */
export function journalOf(directory: string, tenant: string): string {
  return join(directory, tenant);
}

export async function headerOf(store: Store, tenant: string): Promise<JournalHeader> {
  return { tenant, store: (await store.markAt({ epoch: 1, seq: 0 })) ?? "" };
}

/** Closes the store and rejects with an Error that says what to do, when the journal reaches beyond it. */
export async function withJournal(
  store: Store,
  { revocation_journal: directory, revocation_journal_kept: kept }: JournalSettings,
  { clock, dice }: { readonly clock: Pick<Clock, "now">; readonly dice: Dice },
  tenant: string,
): Promise<Store> {
  if (directory === undefined) return store;
  const own = journalOf(directory, tenant);
  try {
    const header = await headerOf(store, tenant);
    await refuseOlder(store, own, header);
    const journal = new JournalWriter({ directory: own, header, kept: kept * 1000, clock, dice });
    return journaledStore(store, journal, clock);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A head of a later epoch is a loss that was noticed already. */
async function refuseOlder(store: Store, directory: string, header: JournalHeader): Promise<void> {
  const last = lastKept(directory, header);
  if (last === undefined) return;
  const { head } = await store.read([]);
  if (last.pos.epoch < head.pos.epoch) return;
  const mark = last.pos.seq === head.pos.seq ? head.mark : await store.markAt(last.pos);
  const isBehind = last.pos.epoch > head.pos.epoch || last.pos.seq > head.pos.seq;
  if (!isBehind && (mark === undefined || mark === last.mark)) return;
  throw new Error(
    `the store is older than its revocation journal: it ends at ${formatPosition(head.pos)}, the journal at ${formatPosition(last.pos)}; run "hallpass restore" to bring what was revoked since into it`,
  );
}
