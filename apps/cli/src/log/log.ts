// `log`: what happened, one line for each fact; with --follow, as it happens.

import { usage } from "../complaint.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { printable } from "../print/columns.ts";
import { jsonText } from "../print/json.ts";
import { instant } from "../print/times.ts";
import type { WireFact } from "../sessions/session-wire.ts";
import type { Terminal } from "../terminal.ts";

export interface LogOptions {
  readonly kind?: string;
  readonly session?: string;
  readonly subject?: string;
  readonly after?: string;
  readonly follow?: true;
  readonly json?: true;
}

type Fact = WireFact & { readonly session: string | null };

interface Page {
  readonly facts: readonly Fact[];
  readonly next_cursor: string | null;
  readonly more: boolean;
}

/** A fact, or how far the stream is; `end` in the last line. */
type Line = Fact | { readonly cursor?: string | null; readonly end?: string };

/** Ends when there is no more; with --follow only when it is told to stop, or nobody answers. */
export async function showLog({ terminal, api }: Context, options: LogOptions): Promise<Outcome> {
  if (options.kind === "")
    throw usage("--kind names no kind", "separate several with commas: session_opened,session_ended");
  const server = api();
  const body = {
    ...(options.kind === undefined ? {} : { kinds: options.kind.split(",") }),
    ...(options.session === undefined ? {} : { session: options.session }),
    ...(options.subject === undefined ? {} : { subject: options.subject }),
    limit: 200,
  };
  const show = (fact: Fact): void => terminal.out(`${options.json === true ? jsonText(fact) : lineOf(fact)}\n`);
  const start = options.after ?? null;
  if (options.follow === true) return follow(terminal, server, body, { start, show });
  for (let after = start; ; ) {
    const asked = { ...body, ...(after === null ? {} : { after }) };
    const page: Page = await server.call<Page>({ ...CALL, body: asked });
    for (const fact of page.facts) show(fact);
    after = page.next_cursor;
    if (page.more) continue;
    tellWhere(terminal, after);
    return undefined;
  }
}

const CALL = { scope: "log:read", method: "POST", path: "/v1/log" } as const;

/** A stream ends with its token, and where a server stops; the next one goes on where it was. */
async function follow(
  terminal: Terminal,
  server: ServerApi,
  body: object,
  { start, show }: { readonly start: string | null; readonly show: (fact: Fact) => void },
): Promise<never> {
  let after = start;
  try {
    for (;;) {
      const asked = { ...body, follow_s: 30, ...(after === null ? {} : { after }) };
      for await (const line of server.lines<Line>({ ...CALL, body: asked })) {
        if ("kind" in line) show(line);
        else after = line.cursor ?? after;
      }
    }
  } finally {
    tellWhere(terminal, after);
  }
}

function tellWhere(terminal: Terminal, after: string | null): void {
  if (after !== null) terminal.say(`note: what comes later: --after ${after}\n`);
}

function lineOf({ kind, at_ms: at, session, body }: Fact): string {
  return printable(`${instant(at)}  ${kind}  ${session ?? "-"}  ${JSON.stringify(body)}`);
}
