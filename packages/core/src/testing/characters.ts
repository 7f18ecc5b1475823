// Every character of Unicode, by number: fast-check's unit `binary` reaches the same through a table of all of them that
// takes longer to build than all rules of core. Halves of pairs are none: a text that holds one has no UTF-8.

const FIRST_HALF = 0xd800;
const HALVES = 0x800;

/** How many there are. */
export const CHARACTERS: number = 0x110000 - HALVES;

/** `nth` from 0, and below `CHARACTERS`. */
export function characterAt(nth: number): string {
  return String.fromCodePoint(nth < FIRST_HALF ? nth : nth + HALVES);
}
