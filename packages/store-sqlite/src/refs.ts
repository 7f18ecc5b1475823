// The rows that a row refers to, in one blob: for each its kind, its tenant, the length of its id (0 for the 16 bytes
// of a UUID) and the id. Numbers are base 128, low part first.

import type { RowKey, TenantId } from "@hallpass/core";
import { packId, unpackId } from "./id-order.ts";
import type { Names } from "./names.ts";
import { kindFromRow, kindToRow } from "./row-kinds.ts";

export function refsToRow(refs: readonly RowKey[], names: Names): Uint8Array | null {
  if (refs.length === 0) return null;
  const bytes: number[] = [];
  for (const { kind, tenant, id } of refs) {
    const packed = packId(id);
    bytes.push(kindToRow(kind));
    pushNumber(bytes, names.codeFor(tenant));
    if (typeof packed === "string") {
      const text = Buffer.from(packed);
      pushNumber(bytes, text.length);
      bytes.push(...text);
    } else {
      bytes.push(0, ...packed);
    }
  }
  return Uint8Array.from(bytes);
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

function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
