// `subjects block` and `subjects unblock`.

import type { SignedReceipt } from "@hallpass/protocol";
import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { answerReceipt, type RevokeOptions, waitOf } from "../revoke/revoke.ts";
import { printJson, printLines } from "../terminal.ts";
import { findSubject, subjectLines, type WireBlock, type WireSubject } from "./wire.ts";

export type BlockOptions = RevokeOptions & { readonly until?: string };

export async function blockSubject(
  { terminal, api }: Context,
  subject: string,
  options: BlockOptions,
): Promise<Outcome> {
  const waitMs = waitOf(options);
  const until = options.until === undefined ? undefined : untilOf(options.until);
  const server = api();
  const { ref } = await findSubject(server, terminal, subject);
  const { receipt } = await server.call<{ readonly receipt: SignedReceipt }>({
    scope: "subjects:write",
    method: "POST",
    path: `/v1/subjects/${ref}/block`,
    body: {
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
      ...(until === undefined ? {} : { until_ms: until }),
      ...(waitMs === 0 ? {} : { wait_ms: waitMs }),
    },
    waitMs,
    unknown: "it may or may not be committed; run it again, blocking twice is harmless",
  });
  return answerReceipt(terminal, receipt, options);
}

function untilOf(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{3})?)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw usage(`--until ${text} is no time`, "write it like 2027-01-31 or 2027-01-31T12:00Z");
  return ms;
}

export async function unblockSubject(
  { terminal, api }: Context,
  subject: string,
  options: { readonly json?: true },
): Promise<Outcome> {
  const server = api();
  const { ref } = await findSubject(server, terminal, subject);
  const answer = await server.call<{ readonly subject: WireSubject; readonly unblocked: WireBlock | null }>({
    scope: "subjects:write",
    method: "POST",
    path: `/v1/subjects/${ref}/unblock`,
    body: {},
    unknown: "it may or may not be committed; run it again, unblocking twice is harmless",
  });
  if (options.json === true) printJson(terminal, answer);
  else printLines(terminal, subjectLines(answer.subject, terminal.now()));
  if (answer.unblocked === null) terminal.say("it was not blocked\n");
  return undefined;
}
