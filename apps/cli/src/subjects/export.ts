// `subjects export` and `subjects erase`: both go on until the server has no further step.

import type { SignedReceipt } from "@hallpass/protocol";
import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { pairs } from "../print/columns.ts";
import { receiptLines } from "../print/receipt.ts";
import { printJson, printLines } from "../terminal.ts";
import { findSubject } from "./wire.ts";

interface ExportPage {
  readonly records: readonly unknown[];
  readonly next_cursor: string | null;
}

/** One record a line, as JSON. */
export async function exportSubject({ terminal, api }: Context, subject: string): Promise<Outcome> {
  const server = api();
  const { ref } = await findSubject(server, terminal, subject);
  let cursor: string | null = null;
  do {
    const page: ExportPage = await server.call<ExportPage>({
      scope: "subjects:read",
      method: "POST",
      path: `/v1/subjects/${ref}/export`,
      body: { cursor },
    });
    for (const record of page.records) terminal.out(`${JSON.stringify(record)}\n`);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return undefined;
}

interface EraseStep {
  /** Absent for none. */
  readonly unreadable?: number;
  readonly sessions: number;
  readonly receipts: number;
  readonly answers: number;
  readonly names: number;
  readonly receipt: SignedReceipt | null;
  readonly next_cursor: string | null;
}

export interface EraseOptions {
  readonly yes?: true;
  readonly reason?: string;
  readonly ticket?: string;
  readonly json?: true;
}

export async function eraseSubject(
  { terminal, api }: Context,
  subject: string,
  options: EraseOptions,
): Promise<Outcome> {
  if (options.yes !== true)
    throw usage("an erasure can't be taken back", "export it first if it may be needed, then say --yes");
  const server = api();
  const { ref } = await findSubject(server, terminal, subject);
  const why = {
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
  };
  const total = { unreadable: 0, sessions: 0, receipts: 0, answers: 0, names: 0 };
  let receipt: SignedReceipt | null = null;
  let cursor: string | null = null;
  do {
    const step: EraseStep = await server.call<EraseStep>({
      scope: "subjects:write",
      method: "POST",
      path: `/v1/subjects/${ref}/erase`,
      body: cursor === null ? why : { cursor },
      unknown: "it is done in part; run it again, what is erased stays erased",
    });
    total.unreadable += step.unreadable ?? 0;
    total.sessions += step.sessions;
    total.receipts += step.receipts;
    total.answers += step.answers;
    total.names += step.names;
    receipt ??= step.receipt;
    cursor = step.next_cursor;
  } while (cursor !== null);
  if (options.json === true) printJson(terminal, { ...total, receipt });
  else
    printLines(terminal, [
      ...(receipt === null ? [] : receiptLines(receipt)),
      ...pairs([
        ["sessions erased", String(total.sessions)],
        ...(total.unreadable === 0
          ? []
          : [["sessions unreadable", `${total.unreadable}, whose nobody knows`] as const]),
        ["receipts made nameless", String(total.receipts)],
        ["kept answers made nameless", String(total.answers)],
        ["names erased beside the audit", String(total.names)],
      ]),
    ]);
  return undefined;
}
