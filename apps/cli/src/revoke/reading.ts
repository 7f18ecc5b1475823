// `revocations …`: what was revoked, where it stands, and whom it hit.

import type { ReceiptTarget, SignedReceipt } from "@hallpass/protocol";
import { everyPage, pageQuery } from "../connection/every-page.ts";
import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { targetText } from "../print/receipt.ts";
import { relative } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";
import { type Affected, affectedTable } from "./preview.ts";
import { parseTime } from "./query-options.ts";
import { answerReceipt, type RevokeOptions, waitOf } from "./revoke.ts";

interface ListOptions {
  readonly ticket?: string;
  readonly running?: true;
  readonly since?: string;
  readonly json?: true;
}

interface Listed {
  readonly id: string;
  readonly committed_at_ms: number;
  readonly status: string;
  readonly targets: readonly ReceiptTarget[];
  readonly ticket: string | null;
  readonly actor: string | null;
  readonly ended_sessions: number;
}

interface ListPage {
  readonly revocations: readonly Listed[];
  readonly next_cursor: string | null;
}

interface Page<Session> {
  readonly sessions: readonly Session[];
  readonly next_cursor: string | null;
}

const READ = { scope: "revocations:read", method: "GET" } as const;

export async function listRevocations({ terminal, api }: Context, options: ListOptions): Promise<Outcome> {
  const filter = new URLSearchParams({
    ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
    ...(options.running === true ? { status: "running" } : {}),
    ...(options.since === undefined ? {} : { since_ms: String(parseTime("--since", options.since)) }),
  }).toString();
  const server = api();
  const found = await everyPage(
    (cursor) =>
      server.call<ListPage>({
        ...READ,
        path: `/v1/revocations${pageQuery(cursor)}${filter === "" ? "" : `&${filter}`}`,
      }),
    (page) => page.revocations,
  );
  if (options.json === true) printJson(terminal, found);
  else if (found.length === 0) terminal.say("nothing of the kind was revoked in the last 30 days\n");
  else
    printLines(
      terminal,
      columns(
        ["RECEIPT", "COMMITTED", "STATUS", "SESSIONS", "TICKET", "BY", "WHAT"],
        found.map((one) => [
          one.id,
          relative(one.committed_at_ms, terminal.now()),
          one.status,
          String(one.ended_sessions),
          one.ticket ?? "",
          one.actor ?? "",
          one.targets.map(targetText).join(", "),
        ]),
      ),
    );
  return undefined;
}

export async function showRevocation({ terminal, api }: Context, id: string, options: RevokeOptions): Promise<Outcome> {
  const waitMs = waitOf(options);
  const path = `/v1/revocations/${encodeURIComponent(id)}${waitMs === 0 ? "" : `?wait_ms=${waitMs}`}`;
  return answerReceipt(terminal, await api().call<SignedReceipt>({ ...READ, path, waitMs }), options);
}

export function listAffected(context: Context, id: string, options: { readonly json?: true }): Promise<Outcome> {
  const lines = (all: readonly Affected[]): readonly string[] => affectedTable(all, context.terminal.now());
  return listOf(context, id, options, { which: "affected", none: "it ended no session", lines });
}

export function listUnreadable(context: Context, id: string, options: { readonly json?: true }): Promise<Outcome> {
  const lines = (all: readonly { readonly sid: string }[]): readonly string[] => all.map(({ sid }) => sid);
  return listOf(context, id, options, { which: "unreadable", none: "it could read every session", lines });
}

interface Hit<Session> {
  readonly which: "affected" | "unreadable";
  readonly none: string;
  readonly lines: (sessions: readonly Session[]) => readonly string[];
}

async function listOf<Session>(
  { terminal, api }: Context,
  id: string,
  options: { readonly json?: true },
  { which, none, lines }: Hit<Session>,
): Promise<Outcome> {
  const server = api();
  const sessions = await everyPage(
    (cursor) =>
      server.call<Page<Session>>({
        ...READ,
        path: `/v1/revocations/${encodeURIComponent(id)}/${which}${pageQuery(cursor)}`,
      }),
    (page) => page.sessions,
  );
  if (options.json === true) printJson(terminal, sessions);
  else if (sessions.length === 0) terminal.say(`${none}\n`);
  else printLines(terminal, lines(sessions));
  return undefined;
}
