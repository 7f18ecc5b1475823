// What happens to whole processes while lanes play their schedules, one thing after the other.

import { setTimeout as wait } from "node:timers/promises";
import { machineTime } from "./machine-time.ts";
import { type ProcessFault, type Weather, weatherOf } from "./schedule.ts";
import { hasFaketime } from "./verifying-process.ts";
import type { World } from "./world.ts";

export interface Spell {
  readonly fault: ProcessFault;
  /** The lanes that it may matter to. */
  readonly lanes: ReadonlySet<number> | "all";
  readonly from: number;
  until: number;
}

export interface WeatherLoop {
  /** What overlapped these moments for the lane; the last one. */
  over(lane: number, from: number, until: number): ProcessFault | undefined;
  /** Settles when everything goes on. */
  stop(): Promise<void>;
}

export function weather(world: World, seed: string, m: number): WeatherLoop {
  const spells: Spell[] = [];
  const over = new AbortController();

  async function play(drawn: Weather): Promise<void> {
    const { forMs, jumpSeconds, which, fault } = drawn;
    const begin = (kind: ProcessFault, lanes: readonly number[] | "all"): Spell => {
      const of = lanes === "all" ? lanes : new Set(lanes);
      const spell = { fault: kind, lanes: of, from: machineTime(), until: Number.POSITIVE_INFINITY } as const;
      spells.push(spell);
      return spell;
    };
    const withClock = (clock: string): World["verifying"][number] | undefined =>
      world.verifying.find((one) => one.clock === clock);
    const any = world.verifying[which % world.verifying.length];
    const [jumping, sleeping] = [withClock("jumping"), withClock("sleeping")];
    const node = world.nodes[which % world.nodes.length];
    if (any === undefined || jumping === undefined || sleeping === undefined || node === undefined) return;
    let spell: Spell;
    switch (fault) {
      case "verifiers stopped":
        spell = begin(fault, any.lanes);
        if (any === sleeping) return asleep(sleeping, forMs, spell);
        any.stop();
        await wait(forMs);
        any.goOn();
        break;
      case "verifiers asleep":
        return asleep(sleeping, forMs, begin(fault, sleeping.lanes));
      case "wall clock jumps":
      case "wall clock jumps while stopped": {
        if (!hasFaketime) return;
        spell = begin(fault, jumping.lanes);
        if (fault !== "wall clock jumps") jumping.stop();
        jumping.jump(jumpSeconds);
        await wait(forMs);
        jumping.goOn();
        await wait(100);
        jumping.jump(0);
        break;
      }
      case "node stopped":
        spell = begin(fault, "all");
        node.stop();
        await wait(forMs);
        node.goOn();
        break;
      case "proxy stopped":
        spell = begin(fault, "all");
        world.proxy.stop();
        await wait(forMs);
        world.proxy.goOn();
        break;
    }
    spell.until = machineTime();
  }

  /** As a machine in standby: its processes stand still, and its monotonic clock with them. */
  async function asleep(one: World["verifying"][number], forMs: number, spell: Spell): Promise<void> {
    one.stop();
    const stopped = machineTime();
    await wait(forMs);
    one.sleptFor(machineTime() - stopped);
    one.goOn();
    spell.until = machineTime();
  }

  async function loop(): Promise<void> {
    for (let index = 0; !over.signal.aborted; index += 1) {
      const drawn = weatherOf(seed, index, m);
      await wait(drawn.afterMs);
      if (!over.signal.aborted) await play(drawn);
    }
  }
  const looping = loop();
  return {
    over: (lane, from, until) =>
      spells.findLast(
        (spell) => spell.from <= until && spell.until >= from && (spell.lanes === "all" || spell.lanes.has(lane)),
      )?.fault,
    stop: async () => {
      over.abort();
      await looping;
    },
  };
}
