// A subject as the server shows it. Its name goes into a body only; paths have its reference.

import type { ServerApi } from "../connection/server-api.ts";
import { pairs } from "../print/columns.ts";
import { instant, relative } from "../print/times.ts";
import type { Terminal } from "../terminal.ts";
import { tokenFromInput } from "../token/inspect.ts";

export interface WireBlock {
  readonly reason: string | null;
  readonly actor: string | null;
  readonly at_ms: number;
  readonly until_ms: number | null;
}

export interface WireSubject {
  readonly ref: string;
  readonly subject: string;
  readonly block: WireBlock | null;
  readonly live_sessions: readonly string[];
}

/** With `-` the subject comes from stdin, and stays out of the shell's history. */
export async function findSubject(server: ServerApi, terminal: Terminal, text: string): Promise<WireSubject> {
  const subject = text === "-" ? await tokenFromInput(terminal) : text;
  const path = "/v1/subjects/search";
  return server.call<WireSubject>({ scope: "subjects:read", method: "POST", path, body: { subject } });
}

export function subjectLines({ ref, subject, block, live_sessions: live }: WireSubject, now: number): string[] {
  return pairs([
    ["subject", subject],
    ["reference", ref],
    ["blocked", block === null ? "no" : blockText(block, now)],
    ...(block?.reason == null ? [] : [["reason", block.reason] as const]),
    ["live sessions", String(live.length)],
  ]);
}

function blockText({ at_ms: at, until_ms: until, actor }: WireBlock, now: number): string {
  const by = actor === null ? "" : ` by ${actor}`;
  const end = until === null ? "until it is taken back" : `until ${instant(until)} (${relative(until, now)})`;
  return `since ${instant(at)}${by}, ${end}`;
}
