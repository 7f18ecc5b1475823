// What a session, a token, a key and a revocation is, and what the system can do: the list of operations.
// Does not own HTTP, databases, timers, the time or randomness. Read sessions/session.ts first.

export * from "./audit/audit-reader.ts";
export { type Checkpoint, checkpointFromRow } from "./audit/audit-row.ts";
export * from "./audit/chain.ts";
export * from "./audit/verify-chain.ts";
export * from "./clients/authenticate.ts";
export * from "./clients/certificate-name.ts";
export * from "./clients/client.ts";
export * from "./clients/client-keys.ts";
export { clientFromRow, clientKey, signingAlgIn } from "./clients/client-row.ts";
export * from "./clients/mandate.ts";
export * from "./clients/rate.ts";
export { parseRoleName, type Roles, scopesOf } from "./clients/roles.ts";
export * from "./facts.ts";
export * from "./journal/journal-entry.ts";
export * from "./journal/journaled-change.ts";
export * from "./journal/replay-journal.ts";
export * from "./kernel/fault.ts";
export * from "./kernel/ids.ts";
export * from "./kernel/issuer.ts";
export * from "./kernel/paced.ts";
export * from "./kernel/ports.ts";
export * from "./kernel/refusal.ts";
export * from "./kernel/secret.ts";
export * from "./kernel/time.ts";
export type { RingVersion } from "./keys/change-ring.ts";
export { createKeyRing, type KeyRingOptions } from "./keys/create-key-ring.ts";
export { type KeyEncryptionKey, kekId, keyEncryptionKey } from "./keys/envelope.ts";
export { keksOf, kidsOf } from "./keys/keks-of.ts";
export * from "./keys/key-policy.ts";
export { type Listeners, laggardsOf, NOBODY } from "./keys/laggards.ts";
export { generateKeyOf } from "./keys/open-key.ts";
export * from "./keys/ring.ts";
export { wholeMark } from "./keys/seen.ts";
export { generateSigningKey, type NewSigningKey } from "./keys/signing.ts";
export { isShare, type Trial, type TrialWire, trialToWire } from "./keys/signing-key.ts";
export { fencedStore } from "./leadership/fenced-store.ts";
export type { Leader } from "./leadership/leader-row.ts";
export * from "./operations/add-signing-alg.ts";
export * from "./operations/alter-session.ts";
export * from "./operations/answer-once.ts";
export * from "./operations/apply-policy.ts";
export { bootstrapIssuer, issuerKey, readIssuer } from "./operations/bootstrap-issuer.ts";
export {
  type BootstrapKeysDeps,
  type BootstrappedKeys,
  bootstrapKeys,
} from "./operations/bootstrap-keys.ts";
export * from "./operations/change-client.ts";
export * from "./operations/compromise-keys.ts";
export * from "./operations/disable-client.ts";
export * from "./operations/drop-unused-keys.ts";
export * from "./operations/erase-persons.ts";
export * from "./operations/erase-subject.ts";
export * from "./operations/explain-policy.ts";
export * from "./operations/explain-session.ts";
export * from "./operations/export-subject.ts";
export * from "./operations/idempotency.ts";
export * from "./operations/introspect-many.ts";
export * from "./operations/introspect-token.ts";
export * from "./operations/issue-client-token.ts";
export * from "./operations/issue-for-session.ts";
export * from "./operations/join-fleet.ts";
export * from "./operations/judge-receipt.ts";
export * from "./operations/keep-alive.ts";
export * from "./operations/lead.ts";
export * from "./operations/list-keys.ts";
export * from "./operations/list-revocations.ts";
export * from "./operations/newest-fact.ts";
export * from "./operations/note-node.ts";
export * from "./operations/open-session.ts";
export * from "./operations/policies.ts";
export * from "./operations/preview-revocation.ts";
export * from "./operations/read-affected.ts";
export * from "./operations/read-audit.ts";
export * from "./operations/read-facts.ts";
export * from "./operations/read-revocation.ts";
export * from "./operations/read-session.ts";
export * from "./operations/refresh.ts";
export * from "./operations/register-client.ts";
export * from "./operations/remove-key.ts";
export * from "./operations/resolve-leaked.ts";
export * from "./operations/restore-key.ts";
export * from "./operations/revoke.ts";
export * from "./operations/revoke-many.ts";
export * from "./operations/revoke-token.ts";
export * from "./operations/rewrap-keys.ts";
export * from "./operations/roles.ts";
export * from "./operations/rotate-client-secret.ts";
export * from "./operations/rotate-keys.ts";
export * from "./operations/rotate-session-token.ts";
export type { ScanDeps, Scanned } from "./operations/scan-sessions.ts";
export { MOST_SCANNED, type SearchSessions, searchSessions } from "./operations/search-sessions.ts";
export * from "./operations/settle-revocation.ts";
export * from "./operations/sign-checkpoint.ts";
export * from "./operations/start-epoch.ts";
export { placeFromText, placeToText, type SubjectPlace } from "./operations/subject-pages.ts";
export {
  type BlockSubject,
  blockSubject,
  readSubject,
  type SeenSubject,
  type SubjectDeps,
  unblockSubject,
} from "./operations/subjects.ts";
export { type PassedOver, type SweepDeps, type Swept, sweep } from "./operations/sweep.ts";
export { type SweepPassedDeps, sweepPassed } from "./operations/sweep-passed.ts";
export * from "./operations/tend-keys.ts";
export * from "./operations/try-key.ts";
export * from "./operations/use-once.ts";
export * from "./readers/census-reader.ts";
export * from "./readers/dead-letter.ts";
export * from "./readers/fact-reader.ts";
export * from "./readers/reader-row.ts";
export * from "./revocation/cursor.ts";
export * from "./revocation/fleet.ts";
export * from "./revocation/large-run.ts";
export { NOTED_EVERY, type NodeNote, SILENT_AFTER } from "./revocation/node-note.ts";
export * from "./revocation/notice-draft.ts";
export * from "./revocation/receipt.ts";
export { revocationKey } from "./revocation/revocation-row.ts";
export * from "./revocation/target.ts";
export * from "./sessions/decide.ts";
export * from "./sessions/end-sentences.ts";
export { parseIpRange } from "./sessions/ip-range.ts";
export { areReadable } from "./sessions/own-claims.ts";
export * from "./sessions/policy.ts";
export * from "./sessions/policy-limits.ts";
export {
  type PolicyName,
  type PolicyVersion,
  parsePolicyName,
  type Since,
} from "./sessions/policy-row.ts";
export { LONGEST_ABSOLUTE, PROFILES } from "./sessions/profiles.ts";
export * from "./sessions/refresh-outcome.ts";
export * from "./sessions/session.ts";
export type { SessionQuery, TimeRange } from "./sessions/session-query.ts";
export { sessionFromRow, sessionKey, sessionToRow } from "./sessions/session-row.ts";
export * from "./sessions/standing.ts";
export type { Block } from "./sessions/subject.ts";
export { openSubjectRef, subjectRef } from "./sessions/subject-ref.ts";
export * from "./store/change.ts";
export * from "./store/check-changes.ts";
export * from "./store/gather.ts";
export * from "./store/notice-place.ts";
export * from "./store/read-before.ts";
export * from "./store/row-map.ts";
export * from "./store/store.ts";
export * from "./tokens/access-token.ts";
export * from "./tokens/judge-access-token.ts";
export * from "./tokens/judge-refresh-token.ts";
export * from "./tokens/judge-session-token.ts";
export type { JudgedToken, JudgeTokenDeps } from "./tokens/judge-token.ts";
export type { PresentedSessionToken } from "./tokens/presented.ts";
export * from "./tokens/refresh-token.ts";
export * from "./tokens/session-token.ts";
