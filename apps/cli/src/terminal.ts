// The world of one command: where it reads and writes, and which clock it sees. Handed in by main, by tests another one.

import { jsonText } from "./print/json.ts";

export interface Terminal {
  /** Data, for pipes. */
  readonly out: (text: string) => void;
  /** Speech, for people. */
  readonly say: (text: string) => void;
  /** Everything on stdin. */
  readonly readInput: () => Promise<string>;
  /** Asks whoever sits there; absent when nobody does. */
  readonly ask?: (question: string) => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${jsonText(value, 2)}\n`);
}

export function printLines(terminal: Terminal, lines: readonly string[]): void {
  terminal.out(lines.map((line) => `${line.trimEnd()}\n`).join(""));
}
