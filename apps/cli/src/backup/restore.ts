// `restore`: a backup and what the revocation journal kept since, into an empty place; whole, or not at all.

import { type RestoredTenant, restore as restoreStores } from "@hallpass/server";
import { usage } from "../complaint.ts";
import type { ConfigOptions } from "../config/check.ts";
import { configured } from "../config/configured.ts";
import type { Context, Outcome } from "../context.ts";
import { printJson } from "../terminal.ts";
import { told } from "./told.ts";

export interface RestoreOptions extends ConfigOptions {
  readonly journal?: readonly string[];
  readonly endAllSessions?: true;
}

export async function restore(context: Context, backup: string | undefined, options: RestoreOptions): Promise<Outcome> {
  const config = configured(context, options);
  if (options.journal !== undefined && config.revocation_journal === undefined)
    throw usage(
      "no revocation_journal is configured: what this restore takes away itself would be in no journal, and the next restore would lack it",
      "set HALLPASS_REVOCATION_JOURNAL to where the nodes will go on; to try a restore beside them, to a directory of its own",
    );
  const own = config.revocation_journal === undefined ? [] : [config.revocation_journal];
  const request = {
    backup: backup ?? null,
    journals: options.journal ?? own,
    endAllSessions: options.endAllSessions === true,
  };
  const done = await told(restoreStores(config, request));
  const { terminal } = context;
  if (options.json === true) printJson(terminal, done.map(toWire));
  for (const one of options.json === true ? [] : done)
    for (const line of [words(one), ...eraseAgain(one)]) terminal.say(`${line}\n`);
  return undefined;
}

function words({ tenant, from, notices, journalUntil, head, endedAllSessions }: RestoredTenant): string {
  const upTo =
    journalUntil === null
      ? "no journal"
      : `${notices} revocations from the journal, whose last line is of ${new Date(journalUntil).toISOString()}`;
  const sessions = endedAllSessions ? "all sessions are over" : "sessions live on, access tokens have to be refreshed";
  return `${tenant}: a store of ${from.epoch}.${from.seq}, ${upTo}; now at ${head.epoch}.${head.seq}: ${sessions}`;
}

/** The journal keeps that they were erased, and the backup what they were. */
function eraseAgain({ tenant, erased }: RestoredTenant): readonly string[] {
  if (erased.length === 0) return [];
  return [
    `${tenant}: erased since the backup and in it still; all of them are cut off, erase them again (hallpass subjects erase):`,
    ...erased.map((subject) => `  ${JSON.stringify(subject)}`),
  ];
}

function toWire(one: RestoredTenant): object {
  const text = ({ epoch, seq }: RestoredTenant["head"]): string => `${epoch}.${seq}`;
  return {
    tenant: one.tenant,
    from: text(one.from),
    journal_reaches: text(one.journalReaches),
    journal_until_ms: one.journalUntil,
    changes: one.changes,
    notices: one.notices,
    head: text(one.head),
    erase_again: one.erased,
    ended_all_sessions: one.endedAllSessions,
  };
}
