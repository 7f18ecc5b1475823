// How long the main thread of a server was on a CPU. On a machine that does other things besides, what passes by this clock between a
// question and its answer is what the server itself has to answer for; on a quiet one the two clocks agree. Exact to a tick of the kernel.

import { readFileSync } from "node:fs";

/** Milliseconds since the process began. */
export function serverTime(pid: number): number {
  const [onCpu = "0"] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ");
  return Number(onCpu) / 1e6;
}
