// What an operation allocates on V8's heap, on average over many: V8 counts in blocks of up to 256 KiB. It only interprets from here on:
// optimised code leaves out allocations, and when it does so is a matter of chance; interpreted code makes the same ones each time.

import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { type Scene, scene } from "../../packages/server/src/testing/scene.ts";
import { OPERATIONS, type Ready } from "./operations.ts";

for (const flag of ["--no-opt", "--no-maglev", "--no-sparkplug"]) setFlagsFromString(flag);

const WARM = 5;
const COUNTED = 80;

/** Bytes for each operation, by its name, with what the request itself takes. Rejects when one is not answered as it should be. */
export async function allocatedByAll(): Promise<ReadonlyMap<string, number>> {
  const all = new Map<string, number>();
  for (const { name, ready, status } of OPERATIONS) all.set(name, await allocated(await scene({}), ready, status));
  return all;
}

async function allocated(stage: Scene, ready: Ready, status: number): Promise<number> {
  const asks: (() => Promise<number>)[] = [];
  while (asks.length < WARM + COUNTED) asks.push(await ready(stage));
  let before = 0;
  for (const [index, ask] of asks.entries()) {
    if (index === WARM) before = bytes();
    const answered = await ask();
    if (answered !== status) throw new Error(`answered ${answered}`);
  }
  return (bytes() - before) / COUNTED;
}

function bytes(): number {
  return (getHeapStatistics() as { readonly total_allocated_bytes?: number }).total_allocated_bytes ?? Number.NaN;
}
