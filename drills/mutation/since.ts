// Which lines are new since a commit.

import { execFileSync } from "node:child_process";
import { root } from "./mutants.ts";

export type Lines = (file: string, line: number) => boolean;

/** What is not committed yet is new, too. Throws what git says of a commit that it does not know. */
export function linesSince(commit: string): Lines {
  const diff = execFileSync("git", ["diff", "--unified=0", "--no-color", commit, "--", "packages"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return linesOf(diff);
}

export function linesOf(diff: string): Lines {
  const ranges = new Map<string, (readonly [first: number, end: number])[]>();
  let file = "";
  for (const line of diff.split("\n")) {
    const named = /^\+\+\+ b\/(.+)$/.exec(line)?.[1];
    if (named !== undefined) file = named;
    const [, first, count = "1"] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (first === undefined) continue;
    ranges.set(file, [...(ranges.get(file) ?? []), [Number(first), Number(first) + Number(count)]]);
  }
  return (path, line) => (ranges.get(path) ?? []).some(([first, end]) => first <= line && line < end);
}
