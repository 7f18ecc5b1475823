// A node writes down what verifiers have acknowledged to it, and reads what other nodes have: how a receipt at one node counts verifiers that
// listen to another.

import { comparePositions, type Position } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import type { FleetMember } from "../revocation/fleet.ts";
import {
  BEFORE_NODES,
  isAwaited,
  isConnectedAt,
  isNote,
  type NodeNote,
  notedOf,
  noteFromRow,
  noteKey,
  noteToRow,
} from "../revocation/node-note.ts";
import { answer, change, write } from "../store/change.ts";
import type { Snapshot, Store } from "../store/store.ts";

export interface NoteNodeDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

/**
 * Writes the row, unless the store does not hold the head that it names: then what was acknowledged stood in a history that is lost, and
 * nothing is written. Answers whether it was. Throws Faults of the store.
 */
export async function noteNode(
  { store, dice, tenant }: NoteNodeDeps,
  note: Omit<NodeNote, "noted" | "started">,
): Promise<boolean> {
  const key = noteKey(tenant, note.node);
  const { head } = note;
  const mark = head === null ? undefined : await store.markAt(head.pos);
  if (head !== null && mark !== undefined && mark !== head.mark) return false;
  return change(store, dice, [key], (snapshot) => {
    const now = snapshot.clock;
    if (head !== null && isLost(head, snapshot)) return answer(false);
    const row = snapshot.get(key);
    const started = row === undefined ? now : noteFromRow(row).started;
    return write({
      rows: [{ key, expect: row?.version ?? "absent", next: noteToRow({ ...note, started, noted: now }) }],
      answer: () => true,
    });
  });
}

function isLost(head: NonNullable<NodeNote["head"]>, snapshot: Snapshot): boolean {
  const order = comparePositions(snapshot.head.pos, head.pos);
  return order < 0 || (order === 0 && snapshot.head.mark !== head.mark);
}

/** What nodes have noted of verifiers. */
export interface Noted {
  /** What each has acknowledged to its node, where something is noted. */
  readonly applied: ReadonlyMap<string, Position>;
  readonly connected: ReadonlySet<string>;
  /** Those of the verifiers that are connected, and have not acknowledged the position that was asked about. */
  readonly awaited: readonly FleetMember[];
  /** The names of the nodes that the verifiers said hello to last, where they are known. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** Reads nothing where no verifier has said hello to a node that notes. Throws Faults of the store. */
export async function readNoted(
  store: Store,
  tenant: TenantId,
  members: readonly FleetMember[],
  pos: Position | null = null,
): Promise<Noted> {
  const placed = members.filter(({ at }) => at !== undefined);
  if (placed.length === 0) return { applied: new Map(), connected: new Set(), awaited: [], nodes: new Map() };
  const ids = [...new Set(placed.flatMap(({ at }) => at?.node ?? []))];
  const snapshot = await store.read(ids.map((id) => noteKey(tenant, id)));
  const notes = new Map<string, NodeNote>();
  for (const id of ids) {
    const row = snapshot.get(noteKey(tenant, id));
    if (row !== undefined) notes.set(id, noteFromRow(row));
  }
  const applied = new Map<string, Position>();
  const nodes = new Map<string, string>();
  for (const member of placed) {
    const note = notes.get(member.at?.node ?? "");
    const known = notedOf(member, note, snapshot.head);
    if (known !== null) applied.set(member.instance, known);
    if (note !== undefined) nodes.set(member.instance, note.name);
  }
  const noteOf = ({ at }: FleetMember): NodeNote | undefined => notes.get(at?.node ?? "");
  const connected = placed.filter((one) => isConnectedAt(one, noteOf(one), snapshot.clock));
  return {
    applied,
    connected: new Set(connected.map(({ instance }) => instance)),
    awaited: pos === null ? [] : connected.filter((one) => isAwaited(pos, one, noteOf(one), snapshot)),
    nodes,
  };
}

const MOST_NODES = 1000;

/** Every node that has noted something within a day, the one that was noted last in front. */
export async function readNodes(store: Store, tenant: TenantId): Promise<readonly NodeNote[]> {
  const rows = await store.list({ tenant, kind: "lease", after: BEFORE_NODES, limit: MOST_NODES });
  return rows
    .filter(isNote)
    .map(noteFromRow)
    .toSorted((a, b) => b.noted - a.noted);
}
