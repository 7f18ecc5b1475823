import { type Instant, instantOf } from "@hallpass/core";
import { storeContract } from "@hallpass/store-contract";
import { createMemoryStore } from "./memory-store.ts";

storeContract("memory", async () => ({
  store: createMemoryStore({ clock: { now }, dice: { bytes: countingBytes() } }),
}));

function now(): Instant {
  return instantOf(Date.now());
}

function countingBytes(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => new Uint8Array(length).fill((count += 1));
}
