// The rows that a row refers to, in one blob: for each its kind, its tenant, the length of its id (0 for the 16 bytes
// of a UUID) and the id. Numbers are base 128, low part first.

import type { RowKey, TenantId } from "@hallpass/core";
import { packId, unpackId } from "./id-order.ts";
import type { Names } from "./names.ts";
import { kindFromRow, kindToRow } from "./row-kinds.ts";

/** Kind, tenant and length, at their longest. */
const MOST_HEAD_BYTES = 16;

export function refsToRow(refs: readonly RowKey[], names: Names): Uint8Array | null {
  if (refs.length === 0) return null;
  const parts = refs.map(({ kind, tenant, id }) => ({ kind, tenant: names.codeFor(tenant), id: packId(id) }));
  const blob = Buffer.allocUnsafe(parts.reduce((sum, { id }) => sum + MOST_HEAD_BYTES + id.length * 3, 0));
  let at = 0;
  for (const { kind, tenant, id } of parts) {
    at = writeNumber(blob, at, kindToRow(kind));
    at = writeNumber(blob, at, tenant);
    if (typeof id === "string") {
      at = writeNumber(blob, at, Buffer.byteLength(id));
      at += blob.write(id, at);
    } else {
      at = writeNumber(blob, at, 0);
      blob.set(id, at);
      at += id.length;
    }
  }
  return blob.subarray(0, at);
}

export function refsFromRow(blob: Uint8Array | null, names: Names): readonly RowKey[] {
  if (blob === null) return [];
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  const refs: RowKey[] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const kind = kindFromRow(number());
    const tenant = names.nameOf(number()) as TenantId;
    const length = number();
    const end = at + (length === 0 ? 16 : length);
    const id = length === 0 ? unpackId(bytes.subarray(at, end)) : bytes.toString("utf8", at, end);
    refs.push({ kind, tenant, id });
    at = end;
  }
  return refs;
}

function writeNumber(blob: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) at = blob.writeUInt8((rest % 128) | 128, at);
  return blob.writeUInt8(rest, at);
}
