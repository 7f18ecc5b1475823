// The same verifier on ports of the caller's: a deterministic simulation runs the code that production runs.
// Reachable under the condition hallpass-source only; not part of the published package.

export { platformCrypto, webCrypto } from "./platform-crypto.ts";
export type {
  Awaitable,
  Cancel,
  Clock,
  Connection,
  Crypto,
  Dice,
  EcPublicJwk,
  FeedBearer,
  OpenConnection,
  Ports,
  PublicKey,
  Scheduler,
} from "./ports.ts";
export { createVerifierOn } from "./verifier.ts";
