// The numbers that kinds have on disk. A number never changes and never returns.

import { ROW_KINDS, type RowKind } from "@hallpass/core";

const CODES = {
  session: 1,
  subject: 2,
  client: 3,
  keys: 4,
  issuer: 5,
  verifier: 6,
  revocation: 7,
  revoked_token: 8,
  idempotency: 9,
  lease: 10,
  // 11 once, which is a policy's: schema.ts has moved them.
  affected: 13,
  reader: 30,
  dead_letter: 31,
  audit: 32,
  audit_persons: 33,
  audit_checkpoint: 34,
  one_time: 20,
  policy: 11,
  policy_version: 12,
} as const satisfies Record<RowKind, number>;

const KINDS: ReadonlyMap<number, RowKind> = new Map(ROW_KINDS.map((kind) => [CODES[kind], kind]));

export function kindToRow(kind: RowKind): number {
  return CODES[kind];
}

export function kindFromRow(code: number): RowKind {
  const kind = KINDS.get(code);
  if (kind === undefined) throw new Error("the file holds a kind of row that this release does not know");
  return kind;
}
