// Runs one program and takes what it measured, line by line; whatever else it writes is passed on.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Load, load, type Machine, machine, watchOthers } from "./machine.ts";
import { type Result, readResult } from "./result.ts";

export interface Ran {
  /** Of a program that failed, too: what it had measured until then. */
  readonly results: readonly Result[];
  readonly passed: boolean;
  /** When it began, UTC, to the minute. */
  readonly date: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly load: { readonly before: Load; readonly after: Load; readonly others: number };
}

const MINUTE = 16;

export async function run(program: string, args: readonly string[], shown: (result: Result) => void): Promise<Ran> {
  const [began, before, othersTook] = [performance.now(), load(), watchOthers()];
  const date = `${new Date().toISOString().slice(0, MINUTE)}Z`;
  const child = spawn(process.execPath, ["--conditions=hallpass-source", join(import.meta.dirname, program), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close") as Promise<[number | null]>;
  const results: Result[] = [];
  for await (const line of createInterface(child.stdout)) {
    const result = readResult(line);
    if (result === undefined) process.stdout.write(`${line}\n`);
    else {
      results.push(result);
      shown(result);
    }
  }
  const [code] = await ended;
  return {
    results,
    passed: code === 0,
    date,
    seconds: Math.round((performance.now() - began) / 1000),
    machine: machine(),
    load: { before, after: load(), others: othersTook() },
  };
}
