// The audit as the server's API and an export show it.

import { Complaint, usage } from "../complaint.ts";
import type { ServerApi } from "../connection/server-api.ts";
import { EXIT } from "../exit-codes.ts";

export interface WirePerson {
  readonly name: string;
  readonly value: string;
  readonly salt: string;
}

export interface WireRecord {
  readonly entry: string;
  readonly hash: string;
  readonly persons: readonly WirePerson[];
}

export interface WireEntry {
  readonly n: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly session: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Page {
  readonly issuer: string;
  readonly tenant: string;
  readonly from: number | null;
  readonly before: string | null;
  readonly records: readonly WireRecord[];
  readonly next: number | null;
}

/** What every line of an export stands after. */
export interface AuditHead {
  readonly audit: "hallpass/audit/1";
  readonly issuer: string;
  readonly tenant: string;
  readonly from: number;
  readonly before: string;
}

/** A checkpoint as it is kept elsewhere: with the keys of the day it was signed. */
export interface KeptCheckpoint {
  readonly checkpoint: string;
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Gives the head once and then every record from number `from` on, page by page: an export may be longer than memory. */
export async function eachRecord(
  server: ServerApi,
  from: number,
  begin: (head: AuditHead) => void,
  take: (record: WireRecord) => void,
): Promise<void> {
  let expected: number | null = null;
  for (let next: number | null = from; next !== null; ) {
    const path = `/v1/audit?from=${next}`;
    const page: Page = await server.call<Page>({ scope: "audit:read", method: "GET", path });
    if (page.from === null || page.before === null) {
      if (expected === null)
        throw new Complaint(
          EXIT.refused,
          `the audit has no record from ${from} on`,
          "what is new is chained within seconds",
        );
      return;
    }
    if (expected === null) {
      const { issuer, tenant, before } = page;
      begin({ audit: "hallpass/audit/1", issuer, tenant, from: page.from, before });
    } else if (page.from !== expected) {
      throw new Complaint(EXIT.unavailable, "records were dropped while they were exported", "export again");
    }
    for (const record of page.records) take(record);
    expected = page.from + page.records.length;
    ({ next } = page);
  }
}

export function entryOf({ entry }: WireRecord): WireEntry {
  return JSON.parse(entry) as WireEntry;
}

/** Throws a complaint for an option that is no whole number from 1. */
export function parseNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw usage(`${option} ${text} is no number of a record`, "records count from 1");
  return Number(text);
}
