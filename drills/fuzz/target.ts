// What is fuzzed: a parser, texts that it accepts, and what has to be true of everything that it takes.

import type { Random } from "./random.ts";

export interface Target {
  readonly name: string;
  /** Each is accepted, or nothing would be tried. */
  readonly seeds: readonly string[];
  /** What its format is made of. */
  readonly words: readonly string[];
  /** A text beside this one that keeps more of the format than characters do: another byte under a checksum that fits, another member. */
  readonly reshaped?: (random: Random, text: string) => string;
  /**
   * Undefined where the text is refused; otherwise what it is written as again. Throws never: whatever it throws is a finding.
   * `reads`: what was read, for formats that have several spellings; it has to be the same of the text written again.
   */
  readonly read: (text: string) => { readonly written: string; readonly reads?: unknown } | undefined;
}
