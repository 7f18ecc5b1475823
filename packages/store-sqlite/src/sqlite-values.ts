// Columns as the types they were declared with. STRICT tables keep them so; anything else is a damaged file and throws.

import type { SQLOutputValue } from "node:sqlite";
import { type Instant, instantOf } from "@hallpass/core";
import type { Packed } from "./packed-text.ts";

export type SqlRow = Readonly<Record<string, SQLOutputValue>>;

export function numberAt(row: SqlRow | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== "number") throw damaged(column);
  return value;
}

export function instantAt(row: SqlRow | undefined, column: string): Instant {
  return instantOf(numberAt(row, column));
}

export function textAt(row: SqlRow | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== "string") throw damaged(column);
  return value;
}

export function packedAt(row: SqlRow | undefined, column: string): Packed {
  const value = row?.[column];
  if (typeof value !== "string" && !(value instanceof Uint8Array)) throw damaged(column);
  return value;
}

export function blobAt(row: SqlRow | undefined, column: string): Uint8Array | null {
  const value = row?.[column];
  if (value !== null && !(value instanceof Uint8Array)) throw damaged(column);
  return value;
}

function damaged(column: string): Error {
  return new Error(`the file holds an unexpected type in ${column}`);
}
