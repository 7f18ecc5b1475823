// Looks through the sessions of a tenant, oldest first, a page at a time: for the search, for a look before a revocation, for a list after it.
// There is no index but the order itself, which is that of their opening; so each call looks at so many rows and says how far it came.

import type { SessionId, TenantId } from "../kernel/ids.ts";
import { ringKey } from "../keys/ring.ts";
import type { Session } from "../sessions/session.ts";
import { readable, sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import type { RowKey, Store } from "../store/store.ts";
import type { SeenSession } from "./read-session.ts";

export interface ScanDeps {
  readonly store: Store;
  /** Lets everything else that waits have its turn: a scan is never urgent. */
  readonly pause: () => Promise<void>;
}

export interface Scan {
  readonly means: (session: Session) => boolean;
  /** Of those that are meant, which are wanted, with everything that they hang on taken into account. */
  readonly wants: (seen: SeenSession) => boolean;
  readonly first: string | undefined;
  readonly isBeyond: (id: string) => boolean;
}

export interface Scanned {
  readonly sessions: readonly SeenSession[];
  readonly scanned: number;
  /** Of those, rows that this release can't read: nobody knows whether they are meant. */
  readonly unreadable: number;
  /** Where to go on; null when everything was looked at. */
  readonly next: SessionId | null;
}

const PAGE = 128;

/** At most `limit` sessions out of at most `mostRows` rows: fewer, or none, may be found though there are more further on. */
export async function scanSessions(
  deps: ScanDeps,
  tenant: TenantId,
  scan: Scan,
  { after, limit, mostRows }: { readonly after: SessionId | null; readonly limit: number; readonly mostRows: number },
): Promise<Scanned> {
  const sessions: SeenSession[] = [];
  let place: string | undefined = after ?? scan.first;
  let scanned = 0;
  let unreadable = 0;
  for (;;) {
    const asked = Math.min(PAGE, mostRows - scanned);
    const rows = await deps.store.list({
      tenant,
      kind: "session",
      limit: asked,
      ...(place === undefined ? {} : { after: place }),
    });
    const page = rows.filter(({ key }) => !scan.isBeyond(key.id));
    const read = page.flatMap((row) => readable(row) ?? []);
    const spoilt = page.length === read.length ? [] : page.filter((row) => readable(row) === undefined);
    const meant = read.filter(scan.means).map(sessionKey);
    const wanted = (await seenOf(deps.store, tenant, meant)).filter(scan.wants);
    const room = limit - sessions.length;
    sessions.push(...wanted.slice(0, room));
    scanned += page.length;
    const isLast = page.length < asked;
    const cut = wanted.length > room ? sessions.at(-1)?.session.id : undefined;
    const reached = cut ?? (page.at(-1)?.key.id as SessionId | undefined);
    // What lies behind the cut is looked at again.
    unreadable += spoilt.filter(({ key }) => cut === undefined || key.id <= cut).length;
    if (cut === undefined && (isLast || reached === undefined)) return { sessions, scanned, unreadable, next: null };
    if (sessions.length === limit || scanned >= mostRows)
      return { sessions, scanned, unreadable, next: reached ?? null };
    place = reached;
    await deps.pause();
  }
}

async function seenOf(store: Store, tenant: TenantId, keys: readonly RowKey[]): Promise<readonly SeenSession[]> {
  if (keys.length === 0) return [];
  const snapshot = await store.read([ringKey(tenant), ...keys]);
  return keys.flatMap((key) => {
    const row = snapshot.get(key);
    if (row === undefined) return [];
    const session = sessionFromRow(row);
    return [{ session, version: row.version, standing: standingOf(session, snapshot), asOf: snapshot.clock }];
  });
}
