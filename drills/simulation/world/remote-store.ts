// A node's way to the store it shares with others: every call travels there and back, so that others come in between.
// A commit can happen and be answered `unknown`, not happen and be answered `unknown`, or happen after it was answered so.

import { type Change, Fault, type Outcome, type Store } from "@hallpass/core";
import type { Machine } from "./machine.ts";
import type { SeededDice } from "./seeded-dice.ts";
import type { TimeLine } from "./time-line.ts";

/** How the way is at the moment. Times are true times. */
export interface StoreWeather {
  slowUntil: number;
  faultyUntil: number;
  cutUntil: number;
}

export interface RemoteStore {
  readonly line: TimeLine;
  readonly machine: Machine;
  readonly dice: SeededDice;
  readonly weather: StoreWeather;
  /** The store itself: every call of it takes effect at once. */
  readonly there: Store;
}

type CommitFault = "none" | "failed" | "unknown_done" | "unknown_lost" | "unknown_late";

export function remoteStore({ line, machine, dice, weather, there }: RemoteStore): Store {
  const { life } = machine;

  function way(): number {
    return line.now < weather.slowUntil ? dice.between(100, 1500) : dice.span(4, 60);
  }

  /** Runs `work` at the store and brings back what comes of it, or loses it. */
  function call<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const back = (settle: () => void): void => machine.soon(way(), settle, life);
    const lost = (): void => back(() => reject(new Fault("store_unavailable")));
    if (line.now < weather.cutUntil || (line.now < weather.faultyUntil && dice.chance(20))) {
      line.after(dice.between(1, 500), lost);
      return promise;
    }
    line.after(way(), () => {
      work().then(
        (value) => back(() => resolve(value)),
        (cause: unknown) => back(() => reject(cause)),
      );
    });
    return promise;
  }

  function commit(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Outcome[]>();
    const back = (outcomes: readonly Outcome[]): void => machine.soon(way(), () => resolve(outcomes), life);
    const all = (outcome: Outcome): readonly Outcome[] => changes.map(() => outcome);
    const fault = commitFault();
    const cause = new Error(`the way to the store broke: ${fault}`);
    const execute = (): Promise<readonly Outcome[]> => there.commit(changes);
    line.after(way(), () => {
      if (fault === "failed") back(all({ kind: "failed", cause, full: false }));
      else if (fault === "unknown_lost") back(all({ kind: "unknown", cause }));
      else if (fault === "unknown_late") {
        back(all({ kind: "unknown", cause }));
        line.after(dice.between(1, 3000), () => void execute());
      } else {
        execute().then((outcomes) => back(fault === "none" ? outcomes : all({ kind: "unknown", cause })), reject);
      }
    });
    return promise;
  }

  function commitFault(): CommitFault {
    if (line.now < weather.cutUntil) return dice.pick(["failed", "unknown_lost", "unknown_done"]);
    if (line.now < weather.faultyUntil && dice.chance(60))
      return dice.pick(["failed", "unknown_done", "unknown_done", "unknown_lost", "unknown_late"]);
    return "none";
  }

  return {
    traits: { ...there.traits, nodes: "many" },
    read: (keys) => call(async () => there.read(keys)),
    commit,
    notices: (range) => call(() => there.notices(range)),
    markAt: (pos) => call(() => there.markAt(pos)),
    facts: (query) => call(() => there.facts(query)),
    list: (query) => call(() => there.list(query)),
    due: (query) => call(() => there.due(query)),
    drop: (bounds) => call(() => there.drop(bounds)),
    // Only wakes: one in ten is lost, and nothing may depend on it.
    onHeadMoved: (wake) =>
      there.onHeadMoved(() => {
        if (!dice.chance(10) && line.now >= weather.cutUntil) machine.soon(way(), wake, life);
      }),
    close: async () => undefined,
  };
}
