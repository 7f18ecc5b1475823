// What the audience sees: acts, lines, tables, and claims. A claim is printed only together with whether it is true.

import { styleText } from "node:util";

export interface Claim {
  readonly claim: string;
  readonly holds: boolean;
}

export interface Stage {
  act(title: string): void;
  say(text: string): void;
  lines(lines: readonly string[]): void;
  /** Overwritten by the next; only on a terminal. */
  progress(text: string): void;
  claim(text: string, holds: boolean): void;
  readonly claims: readonly Claim[];
}

/** With `quiet` nothing is shown; the claims are kept all the same. */
export function stage(quiet: boolean): Stage {
  const claims: Claim[] = [];
  const live = !quiet && process.stdout.isTTY;
  const clear = live ? "\r\u001b[2K" : "";
  const print = (text: string): void => {
    if (!quiet) process.stdout.write(`${clear}${text}\n`);
  };
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    styleText(format, text, { stream: process.stdout });
  return {
    claims,
    act: (title) => print(`\n${style("bold", title)}`),
    say: (text) => print(`  ${text}`),
    lines: (lines) => print(lines.map((line) => `  ${line}`.trimEnd()).join("\n")),
    progress: (text) => {
      if (live) process.stdout.write(`${clear}  ${style("dim", text)}`);
    },
    claim(claim, holds) {
      claims.push({ claim, holds });
      print(`  ${holds ? style("green", "✓") : style("red", "✗ NOT TRUE:")} ${claim}`);
    },
  };
}
