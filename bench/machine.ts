// Where and when something was measured, and what else the machine did meanwhile.

import { readdirSync, readFileSync, statfsSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";

export interface Machine {
  readonly processors: number;
  readonly kind: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly kernel: string;
  /** Of the directory that stores are kept in. */
  readonly fileSystem: string;
}

/** Averages of 1, 5 and 15 minutes. */
export type Load = readonly number[];

const FILE_SYSTEMS: Readonly<Record<number, string>> = { 61_267: "ext4", 16_914_836: "tmpfs", 1_481_003_842: "xfs" };
const TICKS_PER_SECOND = 100;
const LOOK_EVERY_MS = 1000;
/** The father of the kernel's own threads, which work for whoever writes. */
const KERNEL = 2;

export function machine(): Machine {
  const processors = cpus();
  const { type } = statfsSync(process.env["BENCH_DATA"] ?? tmpdir());
  return {
    processors: processors.length,
    kind: processors[0]?.model.trim() ?? "unknown",
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    kernel: release(),
    fileSystem: FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`,
  };
}

export function load(): Load {
  return loadavg().map((one) => Math.round(one * 10) / 10);
}

interface Seen {
  readonly parent: number;
  readonly ticks: number;
}

/**
 * From now on looks each second at what processes take that are neither this one nor started by it. What is answered says how many processors
 * they took since; what began and ended within a second is not seen.
 */
export function watchOthers(): () => number {
  const began = performance.now();
  let [before, ticks] = [processes(), 0];
  const look = (): void => {
    const now = processes();
    for (const [pid, seen] of now)
      if (seen.parent !== KERNEL && !isOurs(pid, now)) ticks += seen.ticks - (before.get(pid)?.ticks ?? 0);
    before = now;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    look();
    return Math.round((ticks / TICKS_PER_SECOND / ((performance.now() - began) / 1000)) * 100) / 100;
  };
}

function isOurs(pid: number, all: ReadonlyMap<number, Seen>): boolean {
  let at: number | undefined = pid;
  while (at !== undefined && at !== process.pid) at = all.get(at)?.parent;
  return at !== undefined;
}

function processes(): ReadonlyMap<number, Seen> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return new Map(pids.flatMap((pid) => seenOf(pid)));
}

/** Empty for one that has just ended. */
function seenOf(pid: string): readonly (readonly [number, Seen])[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [[Number(pid), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }]];
  } catch {
    return [];
  }
}
