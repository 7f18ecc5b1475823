// Notices as the store gives them, in pages that each cover their stretch completely: the end of a page is the last notice
// in it while more follow, and the head itself at the end.

import type { Head, Instant, Store, StoredNotice, TenantId } from "@hallpass/core";
import { MAX_SNAPSHOT_PART, type Position } from "@hallpass/protocol";

export interface NoticePage {
  readonly after: Position;
  readonly to: Head;
  readonly notices: readonly StoredNotice[];
  /** Notices with `until` at or before it may be missing (FEED-5). */
  readonly horizon: Instant;
  readonly last: boolean;
}

/** Where a snapshot begins: before every notice. */
export const BEFORE_ALL: Position = { epoch: 1, seq: 0 };

/** Pages for `(after, head]`, at least one. Rejects with a Fault when the store can't tell. */
export async function* noticePages(
  { store, tenant }: { readonly store: Store; readonly tenant: TenantId },
  after: Position,
  head: Head,
): AsyncGenerator<NoticePage> {
  let from = after;
  for (;;) {
    const page = await store.notices({ tenant, after: from, upTo: head.pos, limit: MAX_SNAPSHOT_PART });
    const { notices } = page;
    const { horizon } = page.dropped;
    const end = notices.at(-1);
    if (!page.more || end === undefined) {
      yield { after: from, to: head, notices, horizon, last: true };
      return;
    }
    yield { after: from, to: { pos: end.pos, mark: end.mark }, notices, horizon, last: false };
    from = end.pos;
  }
}
