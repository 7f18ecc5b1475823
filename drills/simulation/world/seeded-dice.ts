// Numbers that look random and follow from a seed (sfc32). A fork has a stream of its own, named: what one part of the
// world draws, or no longer draws, changes nothing for another. Without that no schedule could be shrunk.

import type { Dice } from "@hallpass/core";

export class SeededDice implements Dice {
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(name: string) {
    this.#name = name;
    [this.#a, this.#b, this.#c] = hashed(name);
    for (let warm = 0; warm < 12; warm += 1) this.next();
  }

  fork(name: string | number): SeededDice {
    return new SeededDice(`${this.#name}/${name}`);
  }

  /** An unsigned 32-bit integer. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(percent: number): boolean {
    return this.below(10_000) < percent * 100;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("nothing to pick from");
    return from[this.below(from.length)] as T;
  }

  /** Mostly little, sometimes much: how long things take. */
  span(usual: number, rarely: number): number {
    return this.chance(6) ? this.between(usual, rarely) : this.between(0, usual);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() >>> 24);
  }
}

/** Three words of a text (FNV-1a with different starts, mixed). */
function hashed(text: string): [number, number, number] {
  const word = (start: number): number => {
    let hash = start;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return hash ^ (hash >>> 13);
  };
  return [word(0x811c9dc5), word(0x2f0b4c47), word(0x61c88647)];
}
