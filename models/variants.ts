// Each model as it is, in the worlds that it is asked in, and its mutated twins: one rule taken out, which the model has to miss.

export interface Variant {
  readonly model: "refresh" | "lease" | "keys" | "fence";
  /** Definitions for the preprocessor of Spin. */
  readonly flags: readonly string[];
  /** Empty: as it is. */
  readonly mutation: string;
}

const asItIs = (model: Variant["model"], ...flags: readonly string[]): Variant => ({ model, flags, mutation: "" });
const twin = (model: Variant["model"], mutation: string, ...flags: readonly string[]): Variant => ({
  model,
  flags,
  mutation,
});

export const VARIANTS: readonly Variant[] = [
  asItIs("refresh"),
  asItIs("refresh", "THIEF"),
  asItIs("refresh", "THIEF", "RETRY=2"),
  asItIs("refresh", "LOSS"),
  twin("refresh", "a commit without comparing", "NO_COMPARE", "THIEF"),
  twin("refresh", "a retry extends its window", "EXTENDS", "THIEF", "RETRY=2"),
  twin("refresh", "superseded whatever its age", "ANY_AGE", "THIEF"),
  twin("refresh", "a recovery remembers what it displaced", "KEEPS_DISPLACED", "THIEF"),
  twin("refresh", "a predecessor is never retried", "NO_RETRY"),
  twin("refresh", "a predecessor is never recovered", "NO_RECOVERY"),
  twin("refresh", "a token of another client ends the session", "STRANGER_ENDS"),
  twin("refresh", "a second tab comes back late beside a recovery (a known limit)", "TABS_COME_BACK"),
  asItIs("lease"),
  asItIs("lease", "NODES=1"),
  asItIs("lease", "DEPOSED"),
  twin("lease", "a node answers without a lease on the store", "NO_STORE_LEASE", "DEPOSED"),
  twin("lease", "the head is read before the ping came", "READS_BEFORE", "NODES=1"),
  twin("lease", "the fleet's row is written after the first head", "ROW_LATE", "NODES=1"),
  twin("lease", "sending counts as acknowledged", "COUNTS_SENDING", "NODES=1"),
  twin("lease", "any goodbye takes the row away", "ANY_BYE"),
  twin("lease", "an old answer counts on a new connection", "ANY_NONCE", "NODES=1"),
  twin("lease", "a head without a position", "NO_POSITION", "NODES=1"),
  twin("lease", "a push renews the lease", "PUSH_RENEWS", "NODES=1"),
  twin("lease", "the clock is read before a wait", "JUDGES_EARLY", "NODES=1"),
  twin("lease", "a receipt forgets the ping that is being answered", "ANSWERING_FORGOTTEN", "NODES=1"),
  twin("lease", "the last ping of one node bounds what another may have answered", "TIGHT"),
  asItIs("keys"),
  asItIs("keys", "COMPROMISE"),
  twin("keys", "the next key is not published", "UNPUBLISHED_NEXT"),
  twin("keys", "a rotation does not wait for caches of the JWKS", "TOO_FRESH"),
  twin("keys", "a rotation does not wait for verifiers", "NOBODY_ASKED"),
  twin("keys", "a retired key goes at once", "NO_OVERLAP"),
  twin("keys", "a node signs however long it stood still", "NEVER_STALLED"),
  twin("keys", "a compromised key stays published", "COMPROMISED_KEPT", "COMPROMISE"),
  asItIs("fence"),
  twin("fence", "a leader's commit without the fence", "NO_FENCE"),
  twin("fence", "a leader looks at the clock, and commits later", "LOOKS_BEFORE"),
];
