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

interface JournalPorts {
  readonly clock: Pick<Clock, "now">;
  readonly dice: Dice;
}

/** Closes the store and rejects with an Error that says what to do, when the journal reaches beyond it. */
export async function withJournal(
  store: Store,
  settings: JournalSettings,
  ports: JournalPorts,
  tenant: string,
): Promise<Store> {
  const { revocation_journal: directory } = settings;
  if (directory === undefined) return store;
  try {
    await refuseOlder(store, journalOf(directory, tenant), await headerOf(store, tenant));
    return await withoutLooking(store, settings, ports, tenant);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** For a store whose history is about to be ended, because it may be older than the journal. */
export async function withoutLooking(
  store: Store,
  { revocation_journal: directory, revocation_journal_kept: kept }: JournalSettings,
  { clock, dice }: JournalPorts,
  tenant: string,
): Promise<Store> {
  if (directory === undefined) return store;
  const header = await headerOf(store, tenant);
  const own = { directory: journalOf(directory, tenant), header, kept: kept * 1000, clock, dice };
  return journaledStore(store, new JournalWriter(own), clock);
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
