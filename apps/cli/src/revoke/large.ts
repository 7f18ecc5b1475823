// `revoke tenant`, `before` and `query`: first what would end, then the question, then the run, followed to its end.

import type { SignedReceipt } from "@hallpass/protocol";
import { Complaint, usage } from "../complaint.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";
import { countsText, type Preview, preview, printPreview } from "./preview.ts";
import { parseTime, type QueryOptions, queryOf } from "./query-options.ts";
import { answerReceipt, type RevokeOptions, waitOf } from "./revoke.ts";

export interface LargeOptions extends RevokeOptions {
  readonly yes?: true;
}

/** A look at the run, and a line about it, this often. */
const LOOK_EVERY_MS = 1000;
const UNKNOWN = "it may or may not have begun; see with: hallpass revocations list --running";

export function revokeTenant(context: Context, options: LargeOptions): Promise<Outcome> {
  return revokeLarge(context, { type: "tenant" }, options);
}

export async function revokeBefore(context: Context, when: string, options: LargeOptions): Promise<Outcome> {
  const target = /^\d+\.\d+$/.test(when)
    ? { type: "before", pos: when }
    : { type: "before", time_ms: parseTime("before", when) };
  return revokeLarge(context, target, options);
}

export async function revokeQuery(context: Context, options: LargeOptions & QueryOptions): Promise<Outcome> {
  const query = queryOf(options);
  if (Object.keys(query).length === 0)
    throw usage("a query needs at least one condition", "everything of everybody is: hallpass revoke tenant");
  return revokeLarge(context, { type: "query", query }, options);
}

async function revokeLarge({ terminal, api }: Context, target: object, options: LargeOptions): Promise<Outcome> {
  const waitMs = waitOf(options);
  const server = api();
  if (options.dryRun === true) {
    printPreview(terminal, await preview(server, target), options.json === true);
    return undefined;
  }
  if (options.yes !== true) await confirm(terminal, await preview(server, target));
  const begun = await server.call<SignedReceipt>({
    scope: "revocations:write",
    method: "POST",
    path: "/v1/revocations",
    body: {
      targets: [target],
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
      wait_ms: LOOK_EVERY_MS,
    },
    waitMs: LOOK_EVERY_MS,
    unknown: UNKNOWN,
  });
  const settled = await follow(terminal, server, begun);
  const receipt = waitMs === 0 ? settled : await look(server, settled.id, waitMs);
  return answerReceipt(terminal, receipt, options);
}

/** Throws a complaint unless the answer is yes. */
async function confirm(terminal: Terminal, { counts }: Preview): Promise<void> {
  const what = `this ends ${countsText(counts)}`;
  if (terminal.ask === undefined)
    throw usage(`${what}, and nobody is there to be asked`, "look with --dry-run, then say --yes");
  const answer = await terminal.ask(`${what}. Type yes to go on: `);
  if (answer.trim() !== "yes") throw new Complaint(EXIT.usage, "not confirmed", "nothing was revoked");
}

/** The server goes on by itself; whoever stops this program stops only the watching. */
async function follow(terminal: Terminal, server: ServerApi, begun: SignedReceipt): Promise<SignedReceipt> {
  let receipt = begun;
  while (receipt.status === "running") {
    terminal.say(`${receipt.ended_sessions} sessions ended, ${receipt.scanned_sessions ?? 0} looked at\n`);
    receipt = await look(server, receipt.id, LOOK_EVERY_MS);
  }
  return receipt;
}

function look(server: ServerApi, id: string, waitMs: number): Promise<SignedReceipt> {
  return server.call<SignedReceipt>({
    scope: "revocations:read",
    method: "GET",
    path: `/v1/revocations/${id}?wait_ms=${waitMs}`,
    waitMs,
    unknown: `it goes on; see how far it is with: hallpass revocations show ${id}`,
  });
}
