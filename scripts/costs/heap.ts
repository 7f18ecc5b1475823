// How much was allocated on V8's heap, which V8 counts in blocks of up to 256 KiB. It only interprets from here on: optimised code leaves
// out allocations, and when it does so is a matter of chance; interpreted code makes the same ones each time.

import { getHeapStatistics, setFlagsFromString } from "node:v8";

for (const flag of ["--no-opt", "--no-maglev", "--no-sparkplug"]) setFlagsFromString(flag);

/** Since the process began. */
export function bytesAllocated(): number {
  return (getHeapStatistics() as { readonly total_allocated_bytes?: number }).total_allocated_bytes ?? Number.NaN;
}
