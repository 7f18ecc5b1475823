// The table of contents: the store in memory. What it owns and what to read first stands in README.md.

export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
