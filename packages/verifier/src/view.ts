// What one verifier knows of the notices: a pure state machine over the frames of the feed (spec/feed.md).
// It decides; knowledge.ts does what it says to the table of notices, in the same turn.
//
// Each cell is the next state; `!` means: the lease ends and the connection is left. "on" names what gets judged
// while a snapshot is gathered (FEED-2).
//
// event            | empty              | gathering on empty | gathering on live | live              | lost
// welcome, fresh   | empty              | empty              | live              | live              | lost
// welcome, resumed | empty!             | empty!             | lost!             | live              | live
// first part       | gathering on empty | gathering on empty | gathering on live | gathering on live | gathering on lost
// next part        | empty!             | gathering on empty | gathering on live | lost!             | lost!
// whole snapshot   | live               | live               | live              | live              | live
// last part        | empty!             | live               | live              | lost!             | lost!
// last part, older | empty!             | live               | lost!             | lost!             | lost!
// whole, older     | live               | live               | lost!             | lost!             | live
// part skipped     | empty!             | empty!             | lost!             | lost!             | lost!
// part, unknown    | gathering on empty | gathering on empty | gathering on live | gathering on live | gathering on lost
// whole, unknown   | lost!              | lost!              | lost!             | lost!             | lost!
// notices          | empty!             | empty!             | gathering on live | live              | lost
// notices, gap     | empty!             | empty!             | lost!             | lost!             | lost!
// notices, unknown | empty!             | empty!             | lost!             | lost!             | lost!
// went back        | empty!             | empty!             | lost!             | lost!             | lost!
// disconnected     | empty              | empty              | live              | live              | lost

import {
  comparePositions,
  isBefore,
  type Notice,
  type NoticesFrame,
  type Position,
  type SnapshotFrame,
} from "@hallpass/protocol";

export interface Held {
  readonly at: Position;
  readonly cursor: string;
  /** Milliseconds: notices with `until` at or before it may be missing. */
  readonly horizon: number;
}

export type Loss = "gap" | "unknown_kind" | "went_back";

type Resting =
  | { readonly state: "empty" }
  | { readonly state: "live"; readonly held: Held }
  | { readonly state: "lost"; readonly held: Held; readonly why: Loss };

export type View =
  | Resting
  | { readonly state: "gathering"; readonly nextPart: number; readonly unknown: boolean; readonly under: Resting };

export type ViewEvent =
  | { readonly type: "welcome"; readonly resumed: boolean }
  | SnapshotFrame
  | NoticesFrame
  /** A head that can't follow what was applied: older, of another epoch, or beyond notices that were never sent. */
  | { readonly type: "contradicted"; readonly why: Loss }
  | { readonly type: "disconnected" };

export interface Step {
  readonly view: View;
  /** What becomes of the table: `gather` fills one aside, `replace` puts it in the place of the other. A snapshot's rows go with its notices. */
  readonly table: "keep" | "start gathering" | "gather" | "replace" | "add";
  readonly notices: readonly Notice[];
  /** True when nothing may be accepted on the strength of any earlier lease (LEASE-7). */
  readonly leaseEnds: boolean;
  readonly leave: boolean;
}

export const EMPTY: View = { state: "empty" };

export function stepView(view: View, event: ViewEvent): Step {
  switch (event.type) {
    case "welcome": {
      const rest = resting(view);
      if (!event.resumed) return stay(rest);
      // Nothing to resume: the view was empty, or it gathered and so no cursor had been shown.
      if (view.state === "gathering" || rest.state === "empty") return lose(rest, "gap");
      return stay({ state: "live", held: rest.held });
    }
    case "disconnected":
      return stay(resting(view));
    case "contradicted":
      return lose(resting(view), event.why);
    case "snapshot":
      return stepSnapshot(view, event);
    case "notices":
      return stepNotices(view, event);
  }
}

/** What judging rests on: a snapshot that is being gathered doesn't count yet. */
export function resting(view: View): Resting {
  return view.state === "gathering" ? view.under : view;
}

/** The cursor to show; none when only a snapshot can help (NOT-6). */
export function cursorOf(view: View): string | null {
  const rest = resting(view);
  if (rest.state === "empty" || (rest.state === "lost" && rest.why === "unknown_kind")) return null;
  return rest.held.cursor;
}

function stepSnapshot(view: View, part: SnapshotFrame): Step {
  const under = resting(view);
  const expected = view.state === "gathering" ? view.nextPart : 1;
  if (part.part !== expected && part.part !== 1) return lose(under, "gap");
  const first = part.part === 1;
  const unknown = part.unknownKinds.length > 0 || (!first && view.state === "gathering" && view.unknown);
  if (!part.last) {
    const gathering: View = { state: "gathering", nextPart: part.part + 1, unknown, under };
    return step(gathering, first ? "start gathering" : "gather", part.notices);
  }
  const held: Held = { at: part.to, cursor: part.cursor, horizon: part.horizon };
  // An older snapshot would give back what was taken away. After a loss the server's word is taken, as a verifier
  // that starts would take it: no lease is left then.
  if (under.state === "live" && isBefore(part.to, under.held.at)) return lose(under, "went_back");
  if (part.notices.some(({ pos }) => isBefore(part.to, pos))) return lose(under, "gap");
  if (part.rows?.some(({ newest }) => isBefore(part.to, newest)) === true) return lose(under, "gap");
  if (unknown) {
    const lost: Resting = { state: "lost", held, why: "unknown_kind" };
    return { ...lose(lost, "unknown_kind"), table: "replace", notices: part.notices };
  }
  return step({ state: "live", held }, "replace", part.notices);
}

function stepNotices(view: View, frame: NoticesFrame): Step {
  const rest = resting(view);
  if (rest.state === "empty") return lose(rest, "gap");
  const { held } = rest;
  const { after, to, unknownKinds } = frame;
  if (isBefore(to, after) || isBefore(held.at, after)) return lose(rest, "gap");
  if (to.epoch < held.at.epoch) return lose(rest, "gap");
  const fresh = frame.notices.filter(({ pos }) => isBefore(held.at, pos));
  if (fresh.some(({ pos }) => isBefore(to, pos))) return lose(rest, "gap");
  if (unknownKinds.length > 0) return { ...lose(rest, "unknown_kind"), table: "add", notices: fresh };
  // An epoch is only entered through its notice (FEED-4).
  const entered = fresh.some(({ taking, pos }) => taking.kind === "epoch" && pos.epoch === to.epoch);
  if (to.epoch > held.at.epoch && !entered) return lose(rest, "gap");
  if (rest.state === "lost") return step(view, "add", fresh);
  const further = comparePositions(to, held.at) > 0;
  const next: Held = {
    at: further ? to : held.at,
    cursor: further ? frame.cursor : held.cursor,
    horizon: Math.max(held.horizon, frame.horizon),
  };
  const live: Resting = { state: "live", held: next };
  return step(view.state === "gathering" ? { ...view, under: live } : live, "add", fresh);
}

function stay(view: View): Step {
  return step(view, "keep", []);
}

function step(view: View, table: Step["table"], notices: readonly Notice[]): Step {
  return { view, table, notices, leaseEnds: false, leave: false };
}

function lose(rest: Resting, why: Loss): Step {
  const view: View = rest.state === "empty" ? EMPTY : { state: "lost", held: rest.held, why };
  return { view, table: "keep", notices: [], leaseEnds: true, leave: true };
}
