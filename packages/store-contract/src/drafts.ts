// Changes to try on a store: everything has one obvious default. Marks and attempts count up, so that a run can be read and repeated.

import { strict as assert } from "node:assert";
import {
  type Change,
  type FactDraft,
  type Instant,
  instantOf,
  type NoticeDraft,
  type Outcome,
  parseSessionId,
  parseTenantId,
  type Row,
  type RowChange,
  type RowKey,
  type RowKind,
  type SessionId,
  type Snapshot,
  type Store,
  type StoredNotice,
  type TenantId,
} from "@hallpass/core";
import { encodeBase64url, type Position } from "@hallpass/protocol";

export type CommittedOutcome = Extract<Outcome, { kind: "committed" }>;

export interface Drafts {
  /** 8 bytes in base64url, never the same twice. */
  readonly mark: () => string;
  readonly change: (parts: Partial<Change>) => Change;
  readonly notice: (parts?: Partial<NoticeDraft>) => NoticeDraft;
}

export function createDrafts(): Drafts {
  let count = 0;
  const mark = (): string => {
    count += 1;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(4, count);
    return encodeBase64url(bytes);
  };
  return {
    mark,
    change: (parts) => ({ attempt: mark(), rows: [], notices: [], facts: [], ...parts }),
    notice: (parts = {}) => ({ tenant: HOME, mark: mark(), body: '{"kind":"session"}', livesMs: 600_000, ...parts }),
  };
}

export const HOME: TenantId = tenantOf("home");
export const AWAY: TenantId = tenantOf("home-away");

function tenantOf(name: string): TenantId {
  const tenant = parseTenantId(name);
  assert.ok(tenant !== undefined);
  return tenant;
}

export function sessionOf(n: number): SessionId {
  const id = parseSessionId(uuidOf(n));
  assert.ok(id !== undefined);
  return id;
}

export function keyOf(id: string, kind: RowKind = "session", tenant: TenantId = HOME): RowKey {
  return { tenant, kind, id };
}

export function put(
  key: RowKey,
  expect: RowChange["expect"],
  value: string,
  more: { readonly expires?: Instant | null; readonly refs?: readonly RowKey[]; readonly raise?: true } = {},
): RowChange {
  const { expires = null, refs, raise } = more;
  const next = { value, expires, ...(refs === undefined ? {} : { refs }) };
  return { key, expect, next, ...(raise === undefined ? {} : { raise }) };
}

export function same(key: RowKey, expect: RowChange["expect"]): RowChange {
  return { key, expect, next: "same" };
}

export function gone(key: RowKey, expect: number): RowChange {
  return { key, expect, next: "gone" };
}

export function factOf(body: string, parts: Partial<FactDraft> = {}): FactDraft {
  return { tenant: HOME, kind: "session_opened", session: null, at: instantOf(1_700_000_000_000), body, ...parts };
}

export async function commitOne(store: Store, change: Change): Promise<Outcome> {
  const outcomes = await store.commit([change]);
  assert.equal(outcomes.length, 1, "one outcome for one change");
  const [outcome] = outcomes;
  assert.ok(outcome !== undefined);
  return outcome;
}

export async function mustCommit(store: Store, change: Change): Promise<CommittedOutcome> {
  const outcome = await commitOne(store, change);
  if (outcome.kind !== "committed") assert.fail(`committed was expected, not ${outcome.kind}`);
  return outcome;
}

export async function mustConflict(store: Store, change: Change): Promise<void> {
  assert.equal((await commitOne(store, change)).kind, "conflict");
}

export async function rowAt(store: Store, key: RowKey): Promise<Row | undefined> {
  return (await store.read([key])).get(key);
}

export function mustHave(snapshot: Snapshot, key: RowKey): Row {
  const row = snapshot.get(key);
  assert.ok(row !== undefined, `the row ${key.id} exists`);
  return row;
}

export async function headOf(store: Store): Promise<Position> {
  return (await store.read([])).head.pos;
}

export const START: Position = { epoch: 1, seq: 0 };
export const END: Position = { epoch: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

/** All notices of a tenant that the store keeps. */
export async function allNotices(store: Store, tenant: TenantId = HOME): Promise<readonly StoredNotice[]> {
  const kept: StoredNotice[] = [];
  for (let after = START; ; after = kept.at(-1)?.pos ?? START) {
    const page = await store.notices({ tenant, after, upTo: END, limit: 1000 });
    kept.push(...page.notices);
    if (!page.more) return kept;
    assert.ok(page.notices.length > 0, "a page that says more follows is not empty");
  }
}

/** Session ids as they are in life. */
export function uuidOf(n: number): string {
  return `0190a7c2-5e1f-7abc-8def-${n.toString(16).padStart(12, "0")}`;
}
