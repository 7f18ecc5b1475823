// Cursors (spec/positions.md): what a verifier shows to go on where it stopped. Only who holds a server key can make one,
// so one that the store does not know proves that history was lost.

import { createHmac, timingSafeEqual } from "node:crypto";
import { encodeBase64url, formatPosition, isBase64url, type Position, parsePosition } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { MacKeys } from "../keys/ring.ts";

export interface Cursor {
  readonly pos: Position;
  readonly mark: string;
}

type CursorKeys = Pick<MacKeys, "currentKid" | "derive">;

export function formatCursor(mac: CursorKeys, tenant: TenantId, cursor: Cursor): string {
  const tag = tagOf(mac, mac.currentKid, tenant, cursor);
  if (tag === undefined) throw new Error("the current server key is gone");
  return `${formatPosition(cursor.pos)}.${cursor.mark}.${encodeBase64url(tag)}`;
}

/** Undefined for everything that no server key has tagged (POS-7). */
export function parseCursor(mac: MacKeys, tenant: TenantId, text: string): Cursor | undefined {
  const [epoch, seq, mark, tag, ...rest] = text.split(".", 5);
  const pos = parsePosition(`${epoch}.${seq}`);
  if (pos === undefined || !isEightBytes(mark) || !isEightBytes(tag) || rest.length > 0) return undefined;
  const shown = Buffer.from(tag, "ascii");
  const genuine = mac.kids.some((kid) => {
    const expected = tagOf(mac, kid, tenant, { pos, mark });
    return expected !== undefined && timingSafeEqual(Buffer.from(encodeBase64url(expected), "ascii"), shown);
  });
  return genuine ? { pos, mark } : undefined;
}

function isEightBytes(text: string | undefined): text is string {
  return text?.length === 11 && isBase64url(text);
}

function tagOf(mac: CursorKeys, kid: number, tenant: TenantId, cursor: Cursor): Uint8Array | undefined {
  const key = mac.derive(kid, "hallpass/cursor/1/key");
  if (key === undefined) return undefined;
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(BigInt(cursor.pos.epoch), 0);
  numbers.writeBigUInt64BE(BigInt(cursor.pos.seq), 8);
  const text = createHmac("sha256", key)
    .update("hallpass/cursor/1")
    .update(tenant)
    .update("\0")
    .update(numbers)
    .update(cursor.mark);
  return text.digest().subarray(0, 8);
}
