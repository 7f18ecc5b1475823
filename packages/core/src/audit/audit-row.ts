// The border between the audit and its rows. A block holds the records that were chained in one step; beside it stands who they were about.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Row, RowChange, RowKey } from "../store/store.ts";
import type { AuditRecord, Person } from "./chain.ts";

export interface AuditBlock {
  /** The number of its first record. */
  readonly from: number;
  /** The hash before its first record. */
  readonly before: string;
  readonly records: readonly AuditRecord[];
}

export interface Checkpoint {
  readonly n: number;
  readonly jws: string;
}

const LAYOUT = 1;
/** Digits, so that the order of ids is that of numbers. */
const WIDTH = 16;

export function blockKey(tenant: TenantId, from: number): RowKey {
  return { tenant, kind: "audit", id: idOf(from) };
}

export function personsKey(tenant: TenantId, from: number): RowKey {
  return { tenant, kind: "audit_persons", id: idOf(from) };
}

export function checkpointKey(tenant: TenantId, n: number): RowKey {
  return { tenant, kind: "audit_checkpoint", id: idOf(n) };
}

/** Where a list begins that shall hold what starts at `n` or later. */
export function idBefore(n: number): string {
  return idOf(Math.max(0, n - 1));
}

export function numberOf({ key }: Row): number {
  return Number(key.id);
}

export function blockChanges(
  tenant: TenantId,
  block: AuditBlock,
  persons: readonly Person[],
  expires: Instant,
): readonly RowChange[] {
  const { from, ...rest } = block;
  const blockValue = JSON.stringify({ layout: LAYOUT, ...rest });
  const made = (key: RowKey, value: string): RowChange => ({ key, expect: "absent", next: { value, expires } });
  return [
    made(blockKey(tenant, from), blockValue),
    ...(persons.length === 0 ? [] : [made(personsKey(tenant, from), personsValue(persons))]),
  ];
}

export function personsValue(persons: readonly Person[]): string {
  return JSON.stringify({ layout: LAYOUT, persons });
}

export function blockFromRow(row: Row): AuditBlock {
  return { from: numberOf(row), ...(known(row) as Omit<AuditBlock, "from">) };
}

export function personsFromRow(row: Row | undefined): readonly Person[] {
  return row === undefined ? [] : (known(row) as { readonly persons: readonly Person[] }).persons;
}

export function checkpointToRow(
  { jws }: Checkpoint,
  expires: Instant,
): { readonly value: string; readonly expires: Instant } {
  return { value: JSON.stringify({ layout: LAYOUT, jws }), expires };
}

export function checkpointFromRow(row: Row): Checkpoint {
  return { n: numberOf(row), jws: (known(row) as { readonly jws: string }).jws };
}

function known({ value }: Row): unknown {
  const { layout, ...rest } = JSON.parse(value) as { readonly layout: number };
  if (layout !== LAYOUT) throw new Error("a row of the audit has a layout that this version does not know");
  return rest;
}

function idOf(n: number): string {
  return String(n).padStart(WIDTH, "0");
}
