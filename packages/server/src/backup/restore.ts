// A restore, whole or not at all: the backup is judged, put beside the place of each store, brought up to the journal there, and moved in when
// every tenant is done. A new epoch ends every access token of before. What the journal lacks would live again, so without a complete
// one a restore is refused, unless whoever calls has all sessions end.

import { resolve } from "node:path";
import {
  completenessOf,
  compromiseKeys,
  type Dice,
  type Instant,
  type Issuer,
  inJournalOrder,
  KEY_POLICY,
  kidsOf,
  type Replayed,
  replayJournal,
  revokeMany,
  ringKey,
  type Store,
  secondsOf,
  startEpoch,
} from "@hallpass/core";
import { comparePositions, formatPosition, type Position } from "@hallpass/protocol";
import { type Config, configOfTenant, DEFAULT_TENANT } from "../config.ts";
import { storedTenants } from "../host/choose-store.ts";
import { loadKek } from "../host/load-kek.ts";
import { openIssuer, tenantNamed } from "../host/make-services.ts";
import { type Ports, portsWith } from "../host/ports.ts";
import type { JournalHeader } from "../journal/journal-line.ts";
import { entriesOf, type KeptChange, type KeptJournal, readJournal } from "../journal/read-journal.ts";
import { headerOf, journalOf, withoutLooking } from "../journal/with-journal.ts";
import { type BackedUpTenant, checkFile, type Manifest, readManifest } from "./manifest.ts";
import { BackupProblem } from "./problem.ts";
import type { StoredTenant, StoredTenants } from "./stored-tenant.ts";
import { asProblem } from "./tool-problem.ts";

export interface Restore {
  /** Null for a store that was brought back by other means and stands in its place. */
  readonly backup: string | null;
  /** Directories of the journals of all nodes. */
  readonly journals: readonly string[];
  readonly endAllSessions: boolean;
}

export interface RestoredTenant extends Replayed {
  readonly tenant: string;
  /** The newest position of the backup, of the journal, and now. */
  readonly from: Position;
  readonly journalReaches: Position;
  readonly head: Position;
  /** When the journal's last line was written; null without a journal. */
  readonly journalUntil: Instant | null;
  readonly endedAllSessions: boolean;
}

/** Rejects with a BackupProblem, a Fault of a store or what says that the backup is another issuer's; then nothing was restored. */
export async function restore(
  config: Config,
  request: Restore,
  given: Partial<Ports> = {},
): Promise<readonly RestoredTenant[]> {
  const ports = portsWith(given);
  const stored = await storedTenants(config, ports);
  if (stored === undefined)
    throw new BackupProblem("store_forgets", "the memory store keeps nothing to restore into", "choose another store");
  const journals = [...new Set(request.journals.map((path) => resolve(path)))];
  const asked = { config, ports, journals, endAllSessions: request.endAllSessions };
  if (request.backup === null) return inPlace(stored, asked);
  const manifest = readManifest(request.backup);
  const pairs = paired(stored, manifest);
  for (const [, file] of pairs) await checkFile(request.backup, file);
  await stored.undoHalfMove();
  for (const one of stored.tenants) {
    if (await one.isThere())
      throw new BackupProblem(
        "store_not_empty",
        `there is a store of ${one.tenant} already`,
        "restore into an empty data directory or database; a store that is to be replaced has to be moved away first",
      );
  }
  try {
    const done: RestoredTenant[] = [];
    for (const [one, file] of pairs) {
      await asProblem(one.putAside(resolve(request.backup, file.file)));
      done.push(await opened(one.openAside(), (store) => bringUp(store, one.tenant, manifest, asked)));
    }
    await stored.moveIn();
    return done;
  } catch (error) {
    for (const one of stored.tenants) await one.removeAside();
    throw error;
  }
}

interface Case {
  readonly config: Config;
  readonly ports: Ports;
  readonly journals: readonly string[];
  readonly endAllSessions: boolean;
}

function paired(
  stored: StoredTenants,
  { store, tenants }: Manifest,
): readonly (readonly [StoredTenant, BackedUpTenant])[] {
  if (store !== stored.kind)
    throw new BackupProblem(
      "other_store",
      `the backup is of a store on ${store}, and the configuration names ${stored.kind}`,
      "restore it where it came from",
    );
  const names = (all: readonly Named[]): string =>
    all
      .map(({ tenant, issuer }) => `${tenant} (${issuer})`)
      .toSorted()
      .join(", ");
  if (names(tenants) !== names(stored.tenants))
    throw new BackupProblem(
      "other_tenants",
      `the backup holds ${names(tenants)}, and the configuration names ${names(stored.tenants)}`,
      "restore with the issuers that were configured when it was made",
    );
  return stored.tenants.flatMap((one) =>
    tenants.filter(({ tenant }) => tenant === one.tenant).map((file) => [one, file] as const),
  );
}

type Named = Pick<StoredTenant, "tenant" | "issuer">;

async function inPlace(stored: StoredTenants, one: Case): Promise<readonly RestoredTenant[]> {
  const behind: StoredTenant[] = [];
  let nothing: BackupProblem | undefined;
  // All are judged before one is changed, and before one is opened: whoever opens a database that took another's place relies on it from then on.
  for (const each of stored.tenants) {
    if (!(await each.isThere()))
      throw new BackupProblem("no_store", `there is no store of ${each.tenant} here`, "name a backup to restore");
    const { head, store: mark } = await each.peek();
    try {
      judgedJournal(one, { name: each.tenant, manifest: null, from: head }, { tenant: each.tenant, store: mark });
      behind.push(each);
    } catch (error) {
      if (!(error instanceof BackupProblem) || error.code !== "nothing_to_restore") throw error;
      nothing ??= error;
    }
  }
  if (behind.length === 0 && nothing !== undefined) throw nothing;
  const done: RestoredTenant[] = [];
  for (const each of behind) done.push(await opened(each.open(), (store) => bringUp(store, each.tenant, null, one)));
  return done;
}

async function opened<T>(opening: Promise<Store>, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await opening;
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** From what was backed up to what is over by now. */
async function bringUp(store: Store, name: string, manifest: Manifest | null, one: Case): Promise<RestoredTenant> {
  const { config, ports, endAllSessions } = one;
  const { dice } = ports;
  const tenant = tenantNamed(name);
  const own = config.tenants.find(({ id }) => id === name);
  const settings = name === DEFAULT_TENANT || own === undefined ? config : configOfTenant(config, own);
  const from = (await store.read([])).head.pos;
  const { journal, reaches } = judgedJournal(one, { name, manifest, from }, await headerOf(store, name));
  const replayed = await replayJournal(
    store,
    inOrder(journal.changes),
    (manifest?.made_at_ms ?? null) as Instant | null,
  );
  // What the restore itself takes away stands in the journal, too: the next restore may be from an older backup.
  const kept = await withoutLooking({ ...store, close: async () => {} }, config, ports, name);
  const head = await opened(Promise.resolve(kept), async (keeping) => {
    // After the replay: it may write, and what the journal has of the issuer counts.
    const issuer = await openIssuer(settings, { store: keeping, dice }, tenant);
    const epoch = await startAnew({ store: keeping, dice, issuer }, reaches);
    return endAllSessions ? endEverything(settings, ports, keeping, issuer) : epoch;
  });
  const { until } = journal;
  return {
    tenant: name,
    ...replayed,
    from,
    journalReaches: reaches,
    head,
    journalUntil: until,
    endedAllSessions: endAllSessions,
  };
}

/** Throws a BackupProblem for a journal that is not complete, unless all sessions end anyway. */
function judgedJournal(
  { journals, endAllSessions }: Case,
  judged: Judged,
  header: JournalHeader,
): { readonly journal: KeptJournal; readonly reaches: Position } {
  const directories = journals.map((path) => journalOf(path, judged.name));
  const journal = readJournal(directories, header);
  const { missing, reaches } = completenessOf(journal.changes, judged.from);
  const problem = endAllSessions ? undefined : problemOf(journal, missing, { ...judged, reaches });
  if (problem !== undefined) throw problem;
  return { journal, reaches };
}

function inOrder(changes: readonly KeptChange[]): ReturnType<typeof entriesOf> {
  return entriesOf(changes.toSorted(inJournalOrder));
}

/** Above everything that was ever seen, as far as anybody here knows. */
async function startAnew(
  deps: { readonly store: Store; readonly dice: Dice; readonly issuer: Issuer },
  reaches: Position,
): Promise<Position> {
  const { pos } = (await deps.store.read([])).head;
  return startEpoch(deps, comparePositions(pos, reaches) > 0 ? pos : reaches, "restore");
}

/** Nobody knows which sessions were revoked and which keys were compromised: none of them is trusted again. */
async function endEverything(config: Config, ports: Ports, store: Store, issuer: Issuer): Promise<Position> {
  const { dice, newSigningKey } = ports;
  const { tenant } = issuer;
  const ring = (await store.read([ringKey(tenant)])).get(ringKey(tenant));
  if (ring === undefined) return (await store.read([])).head.pos;
  const kek = await loadKek(config, { dice, store, tenant, areKeys: true });
  const policy = { ...KEY_POLICY, longestTokenLifetime: secondsOf(issuer.longestToken) };
  const replaced = await compromiseKeys(
    { store, dice, kek, newSigningKey, policy },
    { tenant, kids: kidsOf(ring.value), actor: ACTOR },
  );
  if (!replaced.ok) throw new Error(replaced.code);
  const reason = "restored_without_journal";
  const revoked = await revokeMany(
    { store, dice, issuer },
    { target: { kind: "tenant" }, reason, ticket: null, actor: ACTOR },
  );
  if (!revoked.ok) throw new Error(revoked.code);
  return revoked.value.pos;
}

/** Who stands in receipts and facts of a restore. */
const ACTOR = "restore";

const OR_END = "bring the journals of all nodes (--journal), or have every session end: --end-all-sessions";

interface Judged {
  readonly name: string;
  readonly manifest: Manifest | null;
  readonly from: Position;
}

function problemOf(
  journal: KeptJournal,
  missing: number,
  { name, manifest, from, reaches }: Judged & { readonly reaches: Position },
): BackupProblem | undefined {
  const [broken] = journal.broken;
  if (journal.files === 0)
    return new BackupProblem(
      "no_journal",
      `there is no revocation journal of ${name}: what was revoked since ${formatPosition(from)} would be accepted again`,
      OR_END,
    );
  if (broken !== undefined)
    return new BackupProblem("journal_broken", `a line of the journal of ${name} can't be read: ${broken}`, OR_END);
  if (missing > 0)
    return new BackupProblem(
      "journal_incomplete",
      `the journal of ${name} lacks ${missing} of the revocations from ${formatPosition(from)} to ${formatPosition(reaches)}`,
      OR_END,
    );
  if (manifest === null && comparePositions(reaches, from) === 0)
    return new BackupProblem(
      "nothing_to_restore",
      `the store of ${name} has everything that the journal has, up to ${formatPosition(from)}`,
      "start the server; or have every session end: --end-all-sessions",
    );
  return undefined;
}
