// Whom a revocation hit, and whom its run could not read: readable as long as its receipt.

import type { SessionId, TenantId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { type AffectedList, affectedFromRow, affectedPrefix } from "../revocation/affected-row.ts";
import { revocationFromRow, revocationKey } from "../revocation/revocation-row.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import type { Store } from "../store/store.ts";

export interface AffectedSession {
  readonly id: SessionId;
  /** Null when its row has been removed since, or erased. */
  readonly session: Session | null;
}

export interface ReadAffected {
  readonly revocation: string;
  /** The last session of the page before. */
  readonly after: SessionId | null;
  readonly limit: number;
}

/** The sessions that this revocation ended, oldest first. Refuses `revocation_not_found`. While a run goes on, what it has ended so far. */
export async function readAffected(
  store: Store,
  tenant: TenantId,
  request: ReadAffected,
): Promise<Answer<{ readonly sessions: readonly AffectedSession[]; readonly next: SessionId | null }>> {
  const key = revocationKey(tenant, request.revocation);
  const row = (await store.read([key])).get(key);
  if (row === undefined) return refused("revocation_not_found");
  const { ended, run } = revocationFromRow(row);
  const { after, limit } = request;
  const known = (ended ?? []).filter((id) => after === null || id > after);
  const lists =
    run === undefined ? [] : [listed(store, tenant, request, "ended"), listed(store, tenant, request, "besides")];
  const ids = [...known, ...(await Promise.all(lists)).flat()].toSorted();
  const page = ids.slice(0, limit);
  const keys = page.map((id) => sessionKey({ tenant, id }));
  const snapshot = await store.read(keys);
  const sessions = page.map((id): AffectedSession => {
    const found = snapshot.get(sessionKey({ tenant, id }));
    return { id, session: found === undefined ? null : sessionFromRow(found) };
  });
  return granted({ sessions, next: ids.length > page.length ? (page.at(-1) ?? null) : null });
}

/** The sessions whose rows the run could not read, oldest first. Refuses `revocation_not_found`. */
export async function readUnreadable(
  store: Store,
  tenant: TenantId,
  request: ReadAffected,
): Promise<Answer<{ readonly sessions: readonly SessionId[]; readonly next: SessionId | null }>> {
  const key = revocationKey(tenant, request.revocation);
  if ((await store.read([key])).get(key) === undefined) return refused("revocation_not_found");
  const ids = await listed(store, tenant, request, "unreadable");
  const page = ids.slice(0, request.limit);
  return granted({ sessions: page, next: ids.length > page.length ? (page.at(-1) ?? null) : null });
}

/** One more than a page, where there are more. A row holds a few sessions in order, and is named by the last of them. */
async function listed(
  store: Store,
  tenant: TenantId,
  { revocation, after, limit }: ReadAffected,
  list: AffectedList,
): Promise<readonly SessionId[]> {
  const prefix = affectedPrefix(revocation, list);
  const ids: SessionId[] = [];
  let place = `${prefix}${after ?? ""}`;
  while (ids.length <= limit) {
    const rows = await store.list({ tenant, kind: "affected", after: place, limit: 16 });
    const own = rows.filter(({ key }) => key.id.startsWith(prefix));
    ids.push(...own.flatMap(affectedFromRow).filter((id) => after === null || id > after));
    const last = own.at(-1);
    if (last === undefined || own.length < rows.length || rows.length < 16) break;
    place = last.key.id;
  }
  return ids;
}
