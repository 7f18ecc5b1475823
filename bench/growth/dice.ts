// Bytes from a seed: what a store holds, and where in its trees it lies, is the same in each run with the same seed and the same clock.

import { createHash } from "node:crypto";
import type { Dice } from "@hallpass/core";

const POOL = 65_536;

export function seededDice(seed: string): Dice {
  let [thrown, pool, drawn] = [0, new Uint8Array(0), 0];
  return {
    bytes: (length) => {
      if (drawn + length > pool.length) {
        thrown += 1;
        pool = new Uint8Array(createHash("shake256", { outputLength: POOL }).update(`${seed} ${thrown}`).digest());
        drawn = 0;
      }
      drawn += length;
      return pool.slice(drawn - length, drawn);
    },
  };
}
