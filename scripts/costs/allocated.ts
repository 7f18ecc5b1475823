// What an operation allocates on V8's heap, on average over many.

import { scene } from "../../packages/server/src/testing/scene.ts";
import { bytesAllocated } from "./heap.ts";
import { type Counted, OPERATIONS } from "./operations.ts";

const WARM = 5;
const COUNTED = 80;
/** Those that allocate so little that a block is much of what `COUNTED` of them take. */
const COUNTED_OF_SMALL = 800;

/** Bytes for each operation, by its name, with what the request itself takes. Rejects when one is not answered as it should be. */
export async function allocatedByAll(): Promise<ReadonlyMap<string, number>> {
  const all = new Map<string, number>();
  for (const operation of OPERATIONS) all.set(operation.name, await allocatedBy(operation));
  return all;
}

export async function allocatedBy({ ready, status, small }: Counted): Promise<number> {
  const stage = await scene({});
  const counted = small === undefined ? COUNTED : COUNTED_OF_SMALL;
  const asks: (() => Promise<number>)[] = [];
  while (asks.length < (small === "again" ? 1 : WARM + counted)) asks.push(await ready(stage));
  let before = 0;
  for (let index = 0; index < WARM + counted; index += 1) {
    if (index === WARM) before = bytesAllocated();
    const answered = await asks[index % asks.length]?.();
    if (answered !== status) throw new Error(`answered ${answered}`);
  }
  return (bytesAllocated() - before) / counted;
}
