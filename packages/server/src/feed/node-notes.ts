// Notes for other nodes what verifiers acknowledge to this one, and waits for what they note (spec/nodes.md). A few milliseconds after
// something moved a row is written that says it of everyone at once: six hundred verifiers that acknowledge a revocation cost one write.

import {
  type Cancel,
  type Clock,
  type Dice,
  type FleetMember,
  type FleetPlace,
  type Head,
  type Heard,
  leaveNode,
  NOTED_EVERY,
  noteNode,
  readFleet,
  readNoted,
  type Scheduler,
  type Store,
  type TenantId,
} from "@hallpass/core";
import { isBefore, type Position } from "@hallpass/protocol";

export interface NodeNotes {
  /** The number of a hello that is about to be written into the fleet's row; undefined where one node serves. */
  hello(instance: string, heardAs: string, maxStaleness: number): FleetPlace | undefined;
  /** The fleet's row names the hello, and none before it. */
  joined(instance: string, place: FleetPlace | undefined): void;
  /** Somebody acknowledged something further. */
  moved(): void;
  disconnected(instance: string): void;
  /** It said goodbye: its row goes. */
  left(instance: string): void;
  /** Settles when no verifier that is connected to another node is waited for, or after `maxMs`. Never rejects. */
  waitElsewhere(pos: Position, maxMs: number): Promise<void>;
  /** Writes a last time; settles when nothing is being written. */
  stop(): Promise<void>;
}

export interface NodeNotesDeps {
  readonly store: Store;
  readonly clock: Pick<Clock, "monotonic">;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly tenant: TenantId;
  readonly node: string;
  readonly name: string;
  readonly heard: () => ReadonlyMap<string, Heard>;
  /** Everything up to here was sent. */
  readonly sent: () => Head | undefined;
  readonly failed: (cause: unknown) => void;
}

interface Entry {
  readonly heardAs: string;
  readonly hello: number;
  /** The numbers before, while the fleet's row may name one of them: what is not said of these would count as acknowledged. */
  readonly earlier: readonly number[];
  readonly maxStaleness: number;
  /** By the clock that never goes back; null while it is connected. */
  goneAt: number | null;
}

/** From the first acknowledgement until the row is written: others follow within it. */
const FIRST_MS = 15;
/** Between two rows. */
const NEXT_MS = 40;
const AGAIN_MS = 1000;
/** A row that lists more than this many is not written: the one before stays, and says no less than is true. */
const MOST_BEHIND = 2000;
const POLL_MS = 15;
/** Most acknowledgements come within these; whoever has not acknowledged then is asked about less often. */
const QUICK_POLLS = 16;
const MOST_POLL_MS = 200;

export function createNodeNotes(deps: NodeNotesDeps): NodeNotes {
  if (deps.store.traits.nodes === "one") return NO_NOTES;
  const { store, clock, scheduler, node, name } = deps;
  const entries = new Map<string, Entry>();
  let hellos = 0;
  let stopped = false;
  let written = "";
  let dirty = false;
  let pending: Cancel | undefined;
  let writing: Promise<void> = Promise.resolve();
  const waiting = new Set<() => void>();

  function noted(): Parameters<typeof noteNode>[1] {
    const head = deps.sent() ?? null;
    const heard = deps.heard();
    const behind = new Map<number, Position | null>();
    const gone = new Set<number>();
    for (const { heardAs, hello, earlier, goneAt } of entries.values()) {
      const applied = heard.get(heardAs)?.applied ?? null;
      if (head === null || applied === null || isBefore(applied, head.pos)) {
        behind.set(hello, applied);
        for (const number of earlier) behind.set(number, applied);
      }
      if (goneAt !== null) gone.add(hello);
    }
    return { node, name, head, upTo: hellos, behind, gone, connected: entries.size - gone.size };
  }

  async function writeNow(evenIfSame: boolean): Promise<void> {
    dirty = false;
    const note = noted();
    const text = JSON.stringify([note.head, note.upTo, [...note.behind], [...note.gone]]);
    if ((text === written && !evenIfSame) || note.behind.size > MOST_BEHIND || note.gone.size > MOST_BEHIND) return;
    if (await noteNode(deps, note)) written = text;
  }

  // One write at a time; what moves meanwhile is in the next one.
  function write(evenIfSame = false): Promise<void> {
    pending?.();
    pending = undefined;
    writing = writing
      .then(() => writeNow(evenIfSame))
      .then(
        () => (dirty ? later(NEXT_MS) : undefined),
        (cause: unknown) => {
          deps.failed(cause);
          dirty = true;
          later(AGAIN_MS);
        },
      );
    return writing;
  }

  function later(ms: number): void {
    if (stopped || pending !== undefined) return;
    pending = scheduler.after(ms, () => void write());
  }

  function moved(): void {
    dirty = true;
    later(FIRST_MS);
  }

  /** One that is gone for longer than any lease of its lasts is let go of: otherwise the row would name everyone who was ever here. */
  async function letGo(): Promise<void> {
    const now = clock.monotonic();
    for (const [instance, entry] of entries) {
      if (entry.goneAt === null || now - entry.goneAt <= entry.maxStaleness * 1.01) continue;
      await leaveNode(deps, instance, { node, hello: entry.hello });
      if (entries.get(instance) === entry) entries.delete(instance);
    }
  }

  let cancelBeat: Cancel = () => undefined;
  function beatLater(): void {
    cancelBeat = scheduler.after(NOTED_EVERY, () => {
      void letGo()
        .catch(deps.failed)
        .then(() => write(true))
        .finally(() => {
          if (!stopped) beatLater();
        });
    });
  }
  beatLater();
  moved();

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        waiting.delete(done);
        cancel();
        resolve();
      };
      const cancel = scheduler.after(ms, done);
      waiting.add(done);
    });
  }

  async function awaitedElsewhere(pos: Position, maxMs: number): Promise<void> {
    const until = clock.monotonic() + maxMs;
    const members = await readFleet(store, deps.tenant);
    let awaited: readonly FleetMember[] = members.filter(({ at }) => at !== undefined && at.node !== node);
    for (let polls = 0; ; polls += 1) {
      ({ awaited } = await readNoted(store, deps.tenant, awaited, pos));
      const left = until - clock.monotonic();
      if (awaited.length === 0 || left <= 0 || stopped) return;
      await pause(Math.ceil(Math.min(polls < QUICK_POLLS ? POLL_MS : MOST_POLL_MS, left)));
    }
  }

  return {
    hello: (instance, heardAs, maxStaleness) => {
      hellos += 1;
      const before = entries.get(instance);
      // With more than are ever listed no row is written, until one of its hellos stands in the fleet's.
      const earlier = before === undefined ? [] : [...before.earlier, before.hello].slice(-MOST_BEHIND);
      entries.set(instance, { heardAs, hello: hellos, earlier, maxStaleness, goneAt: null });
      return { node, hello: hellos };
    },
    joined: (instance, place) => {
      const entry = entries.get(instance);
      if (entry === undefined || place === undefined || entry.earlier.length === 0) return;
      entries.set(instance, { ...entry, earlier: entry.earlier.filter((number) => number >= place.hello) });
    },
    moved,
    disconnected: (instance) => {
      const entry = entries.get(instance);
      if (entry === undefined) return;
      entry.goneAt = clock.monotonic();
      moved();
    },
    left: (instance) => {
      entries.delete(instance);
    },
    waitElsewhere: (pos, maxMs) => awaitedElsewhere(pos, maxMs).catch(() => undefined),
    stop: async () => {
      stopped = true;
      cancelBeat();
      for (const done of waiting) done();
      await write();
    },
  };
}

const NO_NOTES: NodeNotes = {
  hello: () => undefined,
  joined: () => undefined,
  moved: () => undefined,
  disconnected: () => undefined,
  left: () => undefined,
  waitElsewhere: async () => undefined,
  stop: async () => undefined,
};
