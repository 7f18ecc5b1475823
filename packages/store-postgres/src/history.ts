// What a server that was found says about the history that it holds: the head, whether a notice that is known is in it, and which server
// its clients rely on.

import type { Head } from "@hallpass/core";
import { comparePositions } from "@hallpass/protocol";
import type { Endpoint } from "./endpoint.ts";

/** Of the server that clients rely on from now on. */
export const CLAIM = `INSERT INTO primary_claim VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET server = excluded.server`;

export interface History {
  readonly head: Head;
  /** Null when nobody has relied on any server yet. */
  readonly claimed: string | null;
}

export async function historyOf(endpoint: Pick<Endpoint, "query">): Promise<History> {
  const [line] = await endpoint.query(
    "SELECT h.epoch, h.seq, h.mark, c.server FROM head h LEFT JOIN primary_claim c ON true",
  );
  if (line === undefined) throw new Error("the store has no head");
  const pos = { epoch: Number(line["epoch"]), seq: Number(line["seq"]) };
  return { head: { pos, mark: String(line["mark"]) }, claimed: line["server"] as string | null };
}

/** False proves that history was lost. A notice whose time was over may be gone, and proves nothing. */
export async function hasHead(endpoint: Pick<Endpoint, "query">, { pos, mark }: Head): Promise<boolean> {
  const [line] = await endpoint.query(
    `SELECT h.epoch, h.seq, h.dropped_seq, h.birth_mark, n.mark
     FROM head h LEFT JOIN notices n ON n.seq = $1 AND n.epoch = $2`,
    [pos.seq, pos.epoch],
  );
  if (line === undefined) throw new Error("the store has no head");
  if (comparePositions({ epoch: Number(line["epoch"]), seq: Number(line["seq"]) }, pos) < 0) return false;
  if (pos.seq === 0) return line["birth_mark"] === mark;
  return line["mark"] === null ? pos.seq <= Number(line["dropped_seq"]) : line["mark"] === mark;
}
