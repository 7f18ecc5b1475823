// A fault: something that this process needs did not work. It never turns into a refusal or an answer;
// on the wire it is 503 with Retry-After.

export type FaultCode =
  | "store_unavailable" // nothing was written, and we know it
  | "store_full" // nothing was written: no space
  | "outcome_unknown" // it may have been written; re-reading did not tell
  | "contended" // too many others changed the same rows
  | "deposed" // a leader that no longer leads: nothing was written
  | "stalled" // this process stood still, and can't vouch for what it had read
  | "overloaded" // refused before any work
  | "history_lost" // it was committed, and the store has lost it since
  | "keys_unreadable" // no usable signing key
  | "client_keys_unavailable"; // a client's published keys could not be fetched

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  /** Whole seconds after which trying again makes sense. */
  readonly retryAfter: number;

  constructor(code: FaultCode, options: { readonly cause?: unknown; readonly retryAfter?: number } = {}) {
    super(code, { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter ?? 1;
  }
}
