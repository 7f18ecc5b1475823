// What a node has noted for the others: how far the verifiers are that said hello to it. One small row for each node instead of one write
// for each verifier: all whose hello has a number up to `upTo` have acknowledged `head`, but for those that stand under `behind`. Whatever
// a row says stays true when its node is gone; only who is connected is as old as the row.

import { comparePositions, formatPosition, isBefore, type Position, parsePosition } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import { afterMs, type Instant, isPast } from "../kernel/time.ts";
import type { Head, Row, RowKey } from "../store/store.ts";
import { type FleetMember, KEPT_AFTER_SILENCE } from "./fleet.ts";

export interface NodeNote {
  /** base64url of random bytes: one process. */
  readonly node: string;
  readonly name: string;
  readonly started: Instant;
  readonly noted: Instant;
  /** Everything up to here was sent to whoever is connected; null before the first. */
  readonly head: Head | null;
  /** The number of the last hello that the row speaks of. */
  readonly upTo: number;
  /** What those have acknowledged that have not acknowledged `head`, by the number of their hello. */
  readonly behind: ReadonlyMap<number, Position | null>;
  /** Those that are not connected any more. */
  readonly gone: ReadonlySet<number>;
  readonly connected: number;
}

/** Milliseconds: a row is written at least this often while its node lives. */
export const NOTED_EVERY = 10_000;
/** A node whose row is as old as this is taken for gone: nobody waits for what it would note. */
export const SILENT_AFTER = 30_000;

const PREFIX = "node/";

export function noteKey(tenant: TenantId, node: string): RowKey {
  return { tenant, kind: "lease", id: `${PREFIX}${node}` };
}

/** Where a list of the nodes begins, and whether a row of that list is one. */
export const BEFORE_NODES: string = PREFIX;
export function isNote({ key }: Row): boolean {
  return key.id.startsWith(PREFIX);
}

const LAYOUT = 1;

interface Written {
  readonly layout: number;
  readonly name: string;
  readonly started: Instant;
  readonly noted: Instant;
  readonly head: readonly [pos: string, mark: string] | null;
  readonly up_to: number;
  readonly behind: readonly (readonly [hello: number, applied: string | null])[];
  readonly gone: readonly number[];
  readonly connected: number;
}

export function noteToRow(note: NodeNote): { readonly value: string; readonly expires: Instant } {
  const { name, started, noted, head, connected } = note;
  const written: Written = {
    layout: LAYOUT,
    name,
    started,
    noted,
    head: head === null ? null : [formatPosition(head.pos), head.mark],
    up_to: note.upTo,
    behind: [...note.behind].map(([hello, applied]) => [hello, applied === null ? null : formatPosition(applied)]),
    gone: [...note.gone],
    connected,
  };
  return { value: JSON.stringify(written), expires: afterMs(noted, KEPT_AFTER_SILENCE) };
}

export function noteFromRow(row: Row): NodeNote {
  const written = JSON.parse(row.value) as Written;
  if (written.layout !== LAYOUT) throw new Error("a node's row has a layout that this version does not know");
  const { name, started, noted, head, behind, gone, connected } = written;
  return {
    node: row.key.id.slice(PREFIX.length),
    name,
    started,
    noted,
    head: head === null ? null : { pos: known(head[0]), mark: head[1] },
    upTo: written.up_to,
    behind: new Map(behind.map(([hello, applied]) => [hello, applied === null ? null : known(applied)])),
    gone: new Set(gone),
    connected,
  };
}

function known(text: string): Position {
  const pos = parsePosition(text);
  if (pos === undefined) throw new Error("a node's row has a position that is none");
  return pos;
}

/** The position that a node's row says a verifier has acknowledged; null when it says nothing about it. `head` is the store's own, now. */
export function notedOf(member: FleetMember, note: NodeNote | undefined, head: Head): Position | null {
  const { at } = member;
  if (note === undefined || at === undefined || at.node !== note.node || at.hello > note.upTo) return null;
  // Beyond what the store holds: that history is lost.
  if (note.head === null || isBefore(head.pos, note.head.pos)) return null;
  const listed = note.behind.get(at.hello);
  return listed === undefined ? note.head.pos : listed;
}

/** Whether a verifier is connected to its node, as far as that node's row says; `now` by the store's clock. */
export function isConnectedAt(member: FleetMember, note: NodeNote | undefined, now: Instant): boolean {
  const { at } = member;
  if (note === undefined || at === undefined || at.node !== note.node) return false;
  return !isPast(afterMs(note.noted, SILENT_AFTER), now) && !note.gone.has(at.hello);
}

/** Whether somebody who waits has to wait for this verifier, which listens to another node. */
export function isAwaited(
  pos: Position,
  member: FleetMember,
  note: NodeNote | undefined,
  { head, clock }: { readonly head: Head; readonly clock: Instant },
): boolean {
  if (!isConnectedAt(member, note, clock)) return false;
  const applied = notedOf(member, note, head);
  return applied === null || comparePositions(applied, pos) < 0;
}
