// The records of the audit in their order, with the names that stand beside them, and the checkpoints that were signed.

import {
  blockFromRow,
  type Checkpoint,
  checkpointFromRow,
  idBefore,
  personsFromRow,
  personsKey,
} from "../audit/audit-row.ts";
import type { AuditRecord, Person } from "../audit/chain.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Store } from "../store/store.ts";

export interface AuditPage {
  /** The number of the first record of the page; null for an empty one. */
  readonly from: number | null;
  /** The hash before it. */
  readonly before: string | null;
  readonly records: readonly (AuditRecord & { readonly persons: readonly Person[] })[];
  /** Where the next page begins; null at the end. */
  readonly next: number | null;
}

/** A step of the reader chains at most this many. */
const LONGEST_BLOCK = 256;
const BLOCKS = 8;

/** Records from number `from` on, as many as a few blocks hold. */
export async function readAudit(store: Store, tenant: TenantId, from: number): Promise<AuditPage> {
  const id = idBefore(from - LONGEST_BLOCK);
  const found: AuditPage["records"][number][] = [];
  let first: { readonly from: number; readonly before: string } | undefined;
  let after = id;
  let next: number | null = null;
  // The block that holds `from` begins at most one block's length before it.
  // Pages that lie before it use up no turn: there are no more of them than a block has records.
  for (let read = 0; read < BLOCKS * 2 && found.length < LONGEST_BLOCK * BLOCKS; read += found.length > 0 ? 1 : 0) {
    const rows = await store.list({ tenant, kind: "audit", after, limit: BLOCKS });
    const last = rows.at(-1);
    if (last === undefined)
      return { from: first?.from ?? null, before: first?.before ?? null, records: found, next: null };
    after = last.key.id;
    const persons = await store.read(rows.map(({ key }) => personsKey(tenant, Number(key.id))));
    for (const row of rows) {
      const block = blockFromRow(row);
      const beside = personsFromRow(persons.get(personsKey(tenant, block.from)));
      block.records.forEach((record, index) => {
        const n = block.from + index;
        if (n < from) return;
        first ??= { from: n, before: block.records[index - 1]?.hash ?? block.before };
        found.push({ ...record, persons: beside.filter((person) => person.n === n) });
        next = n + 1;
      });
    }
  }
  return { from: first?.from ?? null, before: first?.before ?? null, records: found, next };
}

/** The checkpoints after record `after`, oldest first. */
export async function readCheckpoints(
  store: Store,
  tenant: TenantId,
  after: number,
  limit: number,
): Promise<readonly Checkpoint[]> {
  const rows = await store.list({ tenant, kind: "audit_checkpoint", after: idBefore(after + 1), limit });
  return rows.map(checkpointFromRow);
}
