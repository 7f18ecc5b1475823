// A record as the formats see it, and what a kind of fact is in the words that SIEMs share. A kind that this table does not know is told as
// a plain event: an export never leaves anything out.

import type { WireEntry } from "../wire-audit.ts";

export interface AuditEvent {
  readonly issuer: string;
  readonly tenant: string;
  readonly entry: WireEntry;
  readonly hash: string;
  /** Null when it names nobody, or who it was has been erased. */
  readonly subject: string | null;
  readonly actor: string | null;
}

export interface Meaning {
  /** With `type` one of the pairs that ECS allows. */
  readonly category: "authentication" | "iam" | "configuration" | "session";
  readonly type: "start" | "end" | "change" | "creation" | "deletion" | "info";
  readonly outcome: "success" | "failure" | "unknown";
  /** 0 to 10, as CEF counts. */
  readonly severity: number;
  readonly words: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  session_opened: meaning("session", "start", "success", 1, "Session opened"),
  session_changed: meaning("session", "info", "success", 3, "Session changed"),
  session_ended: meaning("session", "end", "success", 2, "Session ended"),
  session_kept_alive: meaning("session", "info", "success", 0, "Session in use"),
  family_ended: meaning("session", "end", "success", 4, "Token family ended"),
  token_refreshed: meaning("session", "info", "success", 0, "Token refreshed"),
  refresh_refused: meaning("authentication", "info", "failure", 8, "Refresh token refused"),
  store_regressed: meaning("configuration", "info", "failure", 9, "Acknowledged history is missing"),
  epoch_started: meaning("configuration", "change", "success", 7, "New epoch"),
  receipt_lost: meaning("configuration", "info", "failure", 9, "A revocation was lost"),
  token_revoked: meaning("iam", "deletion", "success", 5, "Access token revoked"),
  subject_cut_off: meaning("iam", "deletion", "success", 6, "Everything of a subject revoked"),
  client_cut_off: meaning("iam", "deletion", "success", 7, "Everything of a client revoked"),
  client_added: meaning("iam", "creation", "success", 5, "Client registered"),
  client_disabled: meaning("iam", "deletion", "success", 6, "Client disabled"),
  client_secret_added: meaning("iam", "change", "success", 6, "Client secret added"),
  key_compromised: meaning("configuration", "change", "success", 10, "Signing key compromised"),
};

const OTHERWISE: Meaning = meaning("configuration", "info", "unknown", 3, "");

export function meaningOf(kind: string): Meaning {
  const known = MEANINGS[kind];
  if (known !== undefined) return known;
  const words = kind.replaceAll("_", " ");
  return { ...OTHERWISE, words: words.charAt(0).toUpperCase() + words.slice(1) };
}

function meaning(
  category: Meaning["category"],
  type: Meaning["type"],
  outcome: Meaning["outcome"],
  severity: number,
  words: string,
): Meaning {
  return { category, type, outcome, severity, words };
}
