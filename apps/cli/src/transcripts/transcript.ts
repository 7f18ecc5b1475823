// A transcript: commands and what they answer, as a person would see it. `$` a command, `!` a line on stderr, `=` the exit
// code, everything else a line on stdout. `...` stands for any lines,
// at the end of a line for the rest of it.
// `<name:kind>` matches and remembers, `<name>` is what was remembered, `<kind>` matches. Runs of blanks are alike.
// A `<` that is meant is `\<`. `$ command < <name>` gives a command what was remembered on stdin,
// and `$ NAME=value hallpass …` a variable of its environment.

import assert from "node:assert/strict";

export interface Step {
  readonly line: number;
  readonly command: string;
  readonly out: readonly string[];
  readonly said: readonly string[];
  readonly exit: number;
}

const KINDS: Readonly<Record<string, string>> = {
  uuid: "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  time: "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z",
  when: "(?:now|in [\\d.]+ (?:ms|s|min|h|d)|[\\d.]+ (?:ms|s|min|h|d) ago)",
  code: "[A-Za-z0-9_-]+",
  number: "\\d+",
  text: '[^\\s"]+',
  quoted: "'[^']+'",
};

/** Throws for a command without an exit code. */
export function parseTranscript(text: string): Step[] {
  const steps: { line: number; command: string; out: string[]; said: string[]; exit?: number }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const step = steps.at(-1);
    if (line.startsWith("# ") || (line === "" && step?.exit !== undefined)) continue;
    if (line.startsWith("$ ")) steps.push({ line: index + 1, command: line.slice(2), out: [], said: [] });
    else if (step === undefined || step.exit !== undefined)
      assert.equal(line, "", `line ${index + 1} belongs to no command`);
    else if (line.startsWith("! ")) step.said.push(line.slice(2));
    else if (/^= \d+$/.test(line)) step.exit = Number(line.slice(2));
    else step.out.push(line);
  }
  return steps.map(({ exit, ...step }) => {
    assert.ok(exit !== undefined, `line ${step.line}: say which exit code, as in "= 0"`);
    return { ...step, exit };
  });
}

export class Remembered {
  readonly #values = new Map<string, string>();

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  get(name: string): string {
    const value = this.#values.get(name);
    assert.ok(value !== undefined, `<${name}> is nothing that was remembered`);
    return value;
  }

  /** Puts in what was remembered. */
  fill(text: string): string {
    return text.replace(/<([a-z_]+)>/g, (_, name: string) => this.get(name));
  }

  /** Compares line by line, and remembers. Throws an AssertionError that shows both. */
  match(expected: readonly string[], actual: string, where: string): void {
    const lines = actual.replace(/\n$/, "").split("\n").map(even);
    const pattern = expected.map((line) => this.#pattern(line)).join("");
    const found = new RegExp(`^${pattern}$`).exec(
      lines
        .map((line) => `${line}\n`)
        .join("")
        .replace(/^\n$/, ""),
    );
    if (found === null) assert.deepEqual(lines, expected.map(even), where);
    for (const [name, value] of Object.entries(found?.groups ?? {})) this.set(name, value);
  }

  #pattern(line: string): string {
    if (line === "...") return "(?:.*\\n)*?";
    const isOpen = line.endsWith(" ...");
    const parts = even(isOpen ? line.slice(0, -4) : line).split(/((?<!\\)<[a-z_]+(?::[a-z]+)?>)/);
    return `${parts.map((part) => this.#part(part)).join("")}${isOpen ? ".*" : ""}\\n`;
  }

  #part(part: string): string {
    const [, name = "", kind] = /^<([a-z_]+)(?::([a-z]+))?>$/.exec(part) ?? [];
    if (name === "") return escaped(part.replaceAll("\\<", "<"));
    if (kind !== undefined) return `(?<${name}>${KINDS[kind] ?? assert.fail(`there is no kind ${kind}`)})`;
    return KINDS[name] ?? escaped(this.get(name));
  }
}

function even(line: string): string {
  return line.replace(/ {2,}/g, "  ").trimEnd();
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
