// For the tests of apps that use the verifier: an issuer in memory whose clock and network you hold.
// Nothing of the verifier is replaced: it runs its own code on real tokens and real frames.

export type { FeedPeer, MemoryFeed } from "./memory-feed.ts";
export type { TestClock } from "./test-clock.ts";
export { createTestIssuer, type Revocable, type TestIssuer, type TestIssuerOptions } from "./test-issuer.ts";
