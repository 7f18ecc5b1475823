// What a session, a token, a key and a revocation is, and what the system can do: the list of operations.
// Does not own HTTP, databases, timers, the time or randomness. Read sessions/session.ts first.

export * from "./clients/authenticate.ts";
export * from "./clients/client.ts";
export { clientFromRow, clientKey } from "./clients/client-row.ts";
export * from "./facts.ts";
export * from "./kernel/fault.ts";
export * from "./kernel/ids.ts";
export * from "./kernel/issuer.ts";
export * from "./kernel/ports.ts";
export * from "./kernel/refusal.ts";
export * from "./kernel/secret.ts";
export * from "./kernel/time.ts";
export type { RingVersion } from "./keys/change-ring.ts";
export { createKeyRing, type KeyRingOptions } from "./keys/create-key-ring.ts";
export { type KeyEncryptionKey, keyEncryptionKey } from "./keys/envelope.ts";
export * from "./keys/key-policy.ts";
export * from "./keys/ring.ts";
export { generateSigningKey, type NewSigningKey } from "./keys/signing.ts";
export * from "./operations/alter-session.ts";
export { bootstrapIssuer, issuerKey } from "./operations/bootstrap-issuer.ts";
export {
  type BootstrapKeysDeps,
  type BootstrappedKeys,
  bootstrapKeys,
} from "./operations/bootstrap-keys.ts";
export * from "./operations/compromise-key.ts";
export * from "./operations/disable-client.ts";
export * from "./operations/idempotency.ts";
export * from "./operations/introspect-token.ts";
export * from "./operations/issue-client-token.ts";
export * from "./operations/issue-for-session.ts";
export * from "./operations/join-fleet.ts";
export * from "./operations/keep-alive.ts";
export * from "./operations/list-keys.ts";
export * from "./operations/open-session.ts";
export * from "./operations/read-revocation.ts";
export * from "./operations/read-session.ts";
export * from "./operations/refresh.ts";
export * from "./operations/register-client.ts";
export * from "./operations/remove-key.ts";
export * from "./operations/revoke.ts";
export * from "./operations/revoke-token.ts";
export * from "./operations/rotate-keys.ts";
export * from "./operations/rotate-session-token.ts";
export * from "./operations/start-epoch.ts";
export * from "./operations/sweep.ts";
export * from "./operations/tend-keys.ts";
export * from "./revocation/cursor.ts";
export * from "./revocation/fleet.ts";
export * from "./revocation/notice-draft.ts";
export * from "./revocation/receipt.ts";
export * from "./revocation/target.ts";
export * from "./sessions/decide.ts";
export * from "./sessions/policy.ts";
export { LONGEST_ABSOLUTE, PROFILES } from "./sessions/profiles.ts";
export * from "./sessions/refresh-outcome.ts";
export * from "./sessions/session.ts";
export { sessionFromRow, sessionKey, sessionToRow } from "./sessions/session-row.ts";
export * from "./sessions/standing.ts";
export * from "./store/change.ts";
export * from "./store/check-changes.ts";
export * from "./store/gather.ts";
export * from "./store/notice-place.ts";
export * from "./store/store.ts";
export * from "./tokens/access-token.ts";
export * from "./tokens/judge-access-token.ts";
export * from "./tokens/judge-refresh-token.ts";
export * from "./tokens/judge-session-token.ts";
export * from "./tokens/refresh-token.ts";
export * from "./tokens/session-token.ts";
