// Every store that is broken on purpose.

import { brokenOrder } from "./broken-order.ts";
import { brokenReads } from "./broken-reads.ts";
import type { BrokenStore } from "./broken-store.ts";
import { brokenWrites } from "./broken-writes.ts";

export type { BrokenStore } from "./broken-store.ts";

export const brokenStores: readonly BrokenStore[] = [...brokenWrites, ...brokenOrder, ...brokenReads];
