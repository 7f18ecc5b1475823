// A look before a revocation: what it would end, and where it would be enforced by when.

import type { ServiceEnforcement } from "@hallpass/protocol";
import type { ServerApi } from "../connection/server-api.ts";
import { columns, pairs } from "../print/columns.ts";
import { serviceTable } from "../print/receipt.ts";
import { instant, relative } from "../print/times.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";

export interface Counts {
  readonly sessions: number;
  readonly subjects: number;
  readonly clients: number;
}

export interface Preview {
  readonly as_of_ms: number;
  readonly counts: Counts;
  /** Absent for none. */
  readonly unreadable_sessions?: number;
  readonly affected: readonly Affected[];
  readonly next_cursor: string | null;
  readonly services: readonly ServiceEnforcement[];
  readonly tokens_expire_by_ms: number;
}

export interface Affected {
  readonly sid: string;
  readonly removed?: true;
  readonly subject?: string;
  readonly client_ids?: readonly string[];
  readonly last_active_ms?: number;
}

/** Milliseconds: a look goes through every session. */
const LOOK_WITHIN = 60_000;

export function preview(server: ServerApi, target: object): Promise<Preview> {
  return server.call<Preview>({
    scope: "revocations:write",
    method: "POST",
    path: "/v1/revocations",
    body: { targets: [target], dry_run: true },
    waitMs: LOOK_WITHIN,
  });
}

export function printPreview(terminal: Terminal, seen: Preview, json: boolean): void {
  if (json) return printJson(terminal, seen);
  const { affected, counts, unreadable_sessions: unreadable = 0, services, as_of_ms: asOf } = seen;
  printLines(terminal, [
    ...pairs([
      ["would end", countsText(counts)],
      ...(unreadable === 0 ? [] : [["unreadable", `${unreadable}; nobody knows whether they are meant`] as const]),
      ["last token", `expires by ${instant(seen.tokens_expire_by_ms)}`],
    ]),
    ...(services.length === 0 ? [] : ["", ...serviceTable(services, asOf)]),
    ...(affected.length === 0 ? [] : ["", ...affectedTable(affected, asOf)]),
    ...(seen.next_cursor === null ? [] : [`and ${counts.sessions - affected.length} more`]),
  ]);
}

export function countsText({ sessions, subjects, clients }: Counts): string {
  return `${sessions} sessions of ${subjects} subjects, at ${clients} clients`;
}

export function affectedTable(affected: readonly Affected[], now: number): string[] {
  return columns(
    ["SESSION", "SUBJECT", "CLIENTS", "LAST ACTIVE"],
    affected.map((one) => [
      one.sid,
      one.removed === true ? "removed since" : (one.subject ?? ""),
      (one.client_ids ?? []).join(" "),
      one.last_active_ms === undefined ? "" : relative(one.last_active_ms, now),
    ]),
  );
}
