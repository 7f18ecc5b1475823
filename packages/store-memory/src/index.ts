// Owns a store that lives in memory: the reference implementation of the contract, one thread, no await inside a step.
// Does not own durability: it forgets on exit and says so.
// Read first: memory-store.ts, then apply-change.ts.

export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
