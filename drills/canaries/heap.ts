// A snapshot of a server's heap: all that lives in it, after a collection. Node.js writes one when it is told to by a signal that it was started
// with; texts stand in it as JSON.

import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { until } from "../nodes/serving-process.ts";

export function heapOptions(directory: string): readonly string[] {
  return ["--heapsnapshot-signal=SIGUSR2", `--diagnostic-dir=${directory}`];
}

/** Waits for it: at most two minutes. */
export async function heapOf(server: ChildProcess, directory: string): Promise<string> {
  server.kill("SIGUSR2");
  let size = 0;
  let path = "";
  await until("the heap is written", 120, async () => {
    const [name] = readdirSync(directory);
    if (name === undefined) return false;
    path = join(directory, name);
    const before = size;
    size = statSync(path).size;
    return size > 0 && size === before && readFileSync(path, "latin1").trimEnd().endsWith("}");
  });
  return readFileSync(path, "latin1");
}
