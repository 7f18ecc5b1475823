// The chain of the audit (spec/audit.md): each record's hash covers the one before, so that nothing can be changed, removed or put in
// between without every later hash being another. Names of people stand beside it; the chain holds what commits to them.

import { hash } from "node:crypto";

/** A person's name that stands beside the chain. Without `salt` nobody can tell from the commitment who it was. */
export interface Person {
  /** The record. */
  readonly n: number;
  /** The member that it was: `subject`, `actor`, … */
  readonly name: string;
  readonly value: string;
  /** base64url of 16 random bytes. */
  readonly salt: string;
}

export interface AuditRecord {
  /** JSON text, hashed as it stands: its members are `n`, `at_ms`, `kind`, `session`, `body`, `persons`. */
  readonly entry: string;
  /** base64url of 32 bytes. */
  readonly hash: string;
}

const ENTRY = Buffer.from("hallpass/audit/1/entry\0");
const PERSON = Buffer.from("hallpass/audit/1/person\0");

/** What stands before the first record (AUD-2). */
export function firstHash(issuer: string, tenant: string): string {
  return digest(Buffer.from(`hallpass/audit/1/start\0${issuer}\0${tenant}`));
}

/** The hash of a record after the one before (AUD-3). */
export function hashAfter(before: string, entry: string): string {
  return digest(ENTRY, Buffer.from(before, "base64url"), Buffer.from(entry));
}

/** What the chain holds in place of a name (AUD-5). */
export function commitmentTo({ name, value, salt }: Pick<Person, "name" | "value" | "salt">): string {
  return digest(PERSON, Buffer.from(salt, "base64url"), Buffer.from(`${name}\0${value}`));
}

/** One call of the platform for each: a record has two or three. */
function digest(...parts: readonly Uint8Array[]): string {
  return hash("sha256", Buffer.concat(parts), "base64url");
}
