// Proves an export of the audit offline (spec/audit.md AUD-8): every hash is computed again, and compared with what was signed and kept elsewhere.

import { createPublicKey, verify } from "node:crypto";
import { type AuditRecord, commitmentTo, firstHash, hashAfter, type Person } from "./chain.ts";

export const CHECKPOINT_TYPE = "hallpass-audit+jwt";

/** An export: the records from one number on, and the hash before them. */
export interface AuditExport {
  readonly issuer: string;
  readonly tenant: string;
  /** The number of the first record. */
  readonly from: number;
  readonly before: string;
  readonly records: readonly (AuditRecord & { readonly persons: readonly Omit<Person, "n">[] })[];
}

export interface SignedPoint {
  readonly iss: string;
  readonly tenant: string;
  readonly n: number;
  readonly hash: string;
  readonly at_ms: number;
}

export type AuditFault =
  /** The record is not the one that its place and hash ask for: something was removed, inserted or moved before it. */
  | "out_of_order"
  /** The record's text and its hash do not fit: it was changed. */
  | "changed"
  /** A name beside the record is not the one that the chain committed to. */
  | "person_changed"
  /** The first record's predecessor is not the start of this issuer's chain. */
  | "wrong_start"
  /** The chain has another hash at this record than was signed. */
  | "not_as_signed"
  /** The checkpoint names a later record than the export has: the end is missing. */
  | "truncated"
  /** The checkpoint names an earlier record than the export has: it proves nothing of it. */
  | "not_covered"
  /** The checkpoint is of another issuer or tenant, or no key that was given signed it. */
  | "checkpoint_refused";

export interface FoundFault {
  readonly n: number;
  readonly fault: AuditFault;
}

/** An algorithm is verified with keys of its own type only. */
const KINDS: Readonly<Record<string, { readonly type: string; readonly digest: string | null }>> = {
  ES256: { type: "ec", digest: "sha256" },
  RS256: { type: "rsa", digest: "sha256" },
  Ed25519: { type: "ed25519", digest: null },
  EdDSA: { type: "ed25519", digest: null },
};

/** Every fault of the chain itself, in order; none for a chain that is whole. What was changed and chained anew only a checkpoint shows. */
export function chainFaults(exported: AuditExport): readonly FoundFault[] {
  const faults: FoundFault[] = [];
  const { issuer, tenant, from, before, records } = exported;
  if (from === 1 && before !== firstHash(issuer, tenant)) faults.push({ n: 1, fault: "wrong_start" });
  let hash = before;
  records.forEach((record, index) => {
    const n = from + index;
    const entry = entryOf(record.entry);
    if (entry === undefined || entry.n !== n) faults.push({ n, fault: "out_of_order" });
    else if (hashAfter(hash, record.entry) !== record.hash) faults.push({ n, fault: "changed" });
    for (const person of record.persons) {
      if (entry?.persons?.[person.name] !== commitmentTo(person)) faults.push({ n, fault: "person_changed" });
    }
    hash = record.hash;
  });
  return faults;
}

/** Whether the export is what was signed, up to the record that the checkpoint names. */
export function checkpointFault(exported: AuditExport, point: SignedPoint): FoundFault | undefined {
  const { issuer, tenant, from, before, records } = exported;
  const { n } = point;
  if (point.iss !== issuer || point.tenant !== tenant) return { n, fault: "checkpoint_refused" };
  if (n < from - 1) return { n, fault: "not_covered" };
  if (n > from - 1 + records.length) return { n, fault: "truncated" };
  const hash = n === from - 1 ? before : records[n - from]?.hash;
  return hash === point.hash ? undefined : { n, fault: "not_as_signed" };
}

/** What a checkpoint says, if one of the keys signed it (RFC 7515); undefined otherwise. */
export function openCheckpoint(
  jws: string,
  jwks: readonly Readonly<Record<string, unknown>>[],
): SignedPoint | undefined {
  const [header = "", payload = "", signature = "", more] = jws.split(".");
  const head = objectIn(header);
  const key = jwks.find(({ kid }) => kid !== undefined && kid === head?.["kid"]);
  if (more !== undefined || key === undefined || head?.["typ"] !== CHECKPOINT_TYPE) return undefined;
  try {
    const opened = createPublicKey({ key, format: "jwk" });
    const kind = KINDS[String(head["alg"])];
    if (kind === undefined || kind.type !== opened.asymmetricKeyType) return undefined;
    const bytes = Buffer.from(signature, "base64url");
    const fits = verify(
      kind.digest,
      Buffer.from(`${header}.${payload}`),
      { key: opened, dsaEncoding: "ieee-p1363" },
      bytes,
    );
    return fits ? pointOf(objectIn(payload)) : undefined;
  } catch {
    // A key that is none verifies nothing.
    return undefined;
  }
}

function pointOf(payload: Readonly<Record<string, unknown>> | undefined): SignedPoint | undefined {
  if (payload === undefined) return undefined;
  const { iss, tenant, n, hash, at_ms: at } = payload;
  const fits =
    typeof iss === "string" &&
    typeof tenant === "string" &&
    typeof n === "number" &&
    typeof hash === "string" &&
    typeof at === "number";
  return fits ? { iss, tenant, n, hash, at_ms: at } : undefined;
}

function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  return objectOf(Buffer.from(part, "base64url").toString("utf8"));
}

function entryOf(
  text: string,
): { readonly n?: number; readonly persons?: Readonly<Record<string, unknown>> } | undefined {
  return objectOf(text);
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
