// What the control mutates: small enough that it is known of each of its mutants whether a test that looks must notice it.

/** Attempts that are allowed, by what is tried. */
export const MOST: Readonly<Record<string, number>> = { password: 5 };

export function mayTry(what: string, made: number): boolean {
  return made < (MOST[what] ?? 0);
}

/** Where both are equal it does not matter which: that is the mutant that nobody can notice. */
export function later(one: number, other: number): number {
  return one > other ? one : other;
}

/** How often it can be halved before it is 1; a loop, so that a mutant may run for ever. */
export function halvings(number: number): number {
  let count = 0;
  for (let rest = number; rest > 1; rest = Math.floor(rest / 2)) count += 1;
  return count;
}
