// Who is let in while there is more to do than can be done (spec/overload.md), in six lines:
// A request takes a place of its lane when its body is there, and gives it back with its answer; without a place it is 503 at once.
// Whoever waits (for verifiers, a run, a fact) gives its place back while it does, and takes one of the lane of those who wait.
// Lanes never look at each other: no amount of traffic takes a place from a revocation, a verifier or a probe.
// Traffic has at most 512 places. Every 20 ms under pressure the server looks whether its loop is late (over 10 ms) or somebody waits as long
// for a turn of it, or whether more than 64 of those who were let in a quarter of a second ago still wait: then the places halve, down to 64; otherwise
// they grow by 32.
// Whoever is turned away learns a random time after which to come back, the longer the further the demand is above what was let in; and its
// connection is not read for a moment (resting.ts), or else those who come back at once would cost more than those who are served.

import type { Clock, Dice, Scheduler } from "@hallpass/core";
import type { Row } from "./in-a-row.ts";
import { asksForItself, LANES, type LaneName, laneFinder, TOKEN_PATH } from "./lanes.ts";

const FEWEST = 64;
const MOST = 512;
const GROWTH = 32;

/** What a lane has always; traffic has at most what stands here. */
const PLACES: Readonly<Record<LaneName, number>> = {
  revocations: 256,
  feed: 256,
  probes: 32,
  clients: 64,
  traffic: MOST,
  waits: 256,
};

const LOOK_EVERY_MS = 20;
const LATE_MS = 10;
/** Looks that make a second, and looks after which whoever was let in ought to be answered: about a quarter of one. */
const LOOKS = 50;
const PATIENCE = 12;
/** Seconds. */
const LEAST_SPREAD = 2;
const MOST_SPREAD = 30;

/** Counters alone: this is on the path of every request. */
export class Lane {
  readonly name: LaneName;
  readonly #pressed: () => void;
  places: number;
  entered = 0;
  left = 0;
  /** Requests that found no place. Of those that were to wait, the ones that had to be answered without. */
  turnedAway = 0;

  constructor(name: LaneName, pressed: () => void) {
    this.name = name;
    this.places = PLACES[name];
    this.#pressed = pressed;
  }

  get underWay(): number {
    return this.entered - this.left;
  }

  get isFull(): boolean {
    return this.underWay >= this.places;
  }

  /** False without a place. Whoever has got one calls `leave` once. */
  enter(): boolean {
    if (this.isFull) return false;
    this.entered += 1;
    if (this.underWay > FEWEST) this.#pressed();
    return true;
  }

  leave(): void {
    this.left += 1;
  }

  turnAway(): void {
    this.turnedAway += 1;
    this.#pressed();
  }
}

/** What is left of a demand with each look: it fades over about a second. */
const FADE = 0.98;

/** What was asked of all lanes together. */
class Demand {
  #letIn = 0;
  #turnedAway = 0;

  add(letIn: number, turnedAway: number): void {
    this.#letIn = this.#letIn * FADE + letIn;
    this.#turnedAway = this.#turnedAway * FADE + turnedAway;
  }

  /** Turned away for each that was let in. */
  get excess(): number {
    return this.#turnedAway / Math.max(1, this.#letIn);
  }

  get isQuiet(): boolean {
    return this.#turnedAway < 1;
  }
}

export interface AdmissionDeps {
  readonly clock: Pick<Clock, "monotonic">;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  /** Told at most once in a second, while requests are turned away: how many since the last time, by lane. */
  readonly told: (turnedAway: Readonly<Partial<Record<LaneName, number>>>) => void;
}

export interface Admission {
  laneOf(method: string, target: string): Lane;
  /** The lane in which the request got its place, when its body is there; undefined without one. */
  enter(lane: Lane, target: string, body: Uint8Array): Lane | undefined;
  /** The lane of those whose answers wait; undefined when it is full, and then one more is counted as turned away. */
  enterWait(): Lane | undefined;
  /** Whether the request has to be turned away as soon as its head is there. */
  isShut(lane: Lane, target: string): boolean;
  /** Whole seconds, at random. */
  retryAfter(): number;
  /** Those who were let in and wait for their turn; nobody until it is called. */
  watch(row: Pick<Row, "waitingMs">): void;
  readonly lanes: readonly Lane[];
}

export function createAdmission({ clock, scheduler, dice, told }: AdmissionDeps): Admission {
  const lanes = new Map(LANES.map((name) => [name, new Lane(name, pressed)]));
  const lane = (name: LaneName): Lane => lanes.get(name) ?? traffic;
  const traffic = lane("traffic");
  const clients = lane("clients");
  const waits = lane("waits");
  const find = laneFinder();
  /** How many had been let in at each of the last looks. */
  const before = new Float64Array(PATIENCE);
  let row: Pick<Row, "waitingMs"> = { waitingMs: () => 0 };
  let looking = false;
  let looks = 0;
  let due = 0;
  const lately = new Demand();
  let entered = 0;
  let turnedAway = 0;
  let toldOf: ReadonlyMap<LaneName, number> = new Map();

  function pressed(): void {
    if (looking) return;
    looking = true;
    before.fill(traffic.left);
    next();
  }

  function next(): void {
    due = clock.monotonic() + LOOK_EVERY_MS;
    scheduler.after(LOOK_EVERY_MS, look);
  }

  function look(): void {
    const late = Math.max(clock.monotonic() - due, row.waitingMs());
    const place = looks % PATIENCE;
    const stillWaiting = (before[place] ?? 0) - traffic.left;
    before[place] = traffic.entered;
    looks += 1;
    const isCongested = late > LATE_MS || stillWaiting > FEWEST;
    traffic.places = isCongested
      ? Math.max(FEWEST, Math.floor(traffic.places / 2))
      : Math.min(MOST, traffic.places + GROWTH);
    const isOver = weigh();
    if (looks % LOOKS === 0 || isOver) tell();
    if (isOver && traffic.places === MOST && traffic.underWay <= FEWEST) looking = false;
    else next();
  }

  /** Whether nobody has been turned away for a while. */
  function weigh(): boolean {
    const [allEntered, allTurnedAway] = [sum((one) => one.entered), sum((one) => one.turnedAway)];
    lately.add(allEntered - entered, allTurnedAway - turnedAway);
    [entered, turnedAway] = [allEntered, allTurnedAway];
    return lately.isQuiet;
  }

  /** At the door: whoever waits has passed it. */
  function sum(of: (lane: Lane) => number): number {
    let total = 0;
    for (const one of lanes.values()) if (one !== waits) total += of(one);
    return total;
  }

  function tell(): void {
    const now = new Map([...lanes].map(([name, one]) => [name, one.turnedAway]));
    const since = [...now].map(([name, count]) => [name, count - (toldOf.get(name) ?? 0)] as const);
    toldOf = now;
    const some = since.filter(([, count]) => count > 0);
    if (some.length > 0) told(Object.fromEntries(some));
  }

  return {
    laneOf: (method, target) => lane(find(method, target)),
    isShut: (asked, target) => asked.isFull && target !== TOKEN_PATH,
    enter: (asked, target, body) => {
      if (asked.enter()) return asked;
      return target === TOKEN_PATH && asksForItself(body) && clients.enter() ? clients : undefined;
    },
    enterWait: () => {
      if (waits.enter()) return waits;
      // It is let in all the same, and answered: no sign of too much to do.
      waits.turnedAway += 1;
      return undefined;
    },
    retryAfter: () => {
      const spread = Math.min(MOST_SPREAD, Math.max(LEAST_SPREAD, Math.ceil(2 * lately.excess)));
      return 1 + ((dice.bytes(1)[0] ?? 0) % spread);
    },
    watch: (given) => {
      row = given;
    },
    lanes: [...lanes.values()],
  };
}
