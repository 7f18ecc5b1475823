// `log`: what happened, one line for each fact; with --follow, as it happens.

import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { printable } from "../print/columns.ts";
import { instant } from "../print/times.ts";
import type { WireFact } from "../sessions/session-wire.ts";

export interface LogOptions {
  readonly kind?: string;
  readonly session?: string;
  readonly subject?: string;
  readonly after?: string;
  readonly follow?: true;
  readonly json?: true;
}

interface Page {
  readonly facts: readonly (WireFact & { readonly session: string | null })[];
  readonly next_cursor: string | null;
  readonly more: boolean;
}

const FOLLOW_S = 20;

/** Ends when there is no more; with --follow only when it is told to stop. */
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
  let after = options.after ?? null;
  let follow = 0;
  for (;;) {
    const asked = { ...body, follow_s: follow, ...(after === null ? {} : { after }) };
    const call = { scope: "log:read", method: "POST", path: "/v1/log", body: asked, waitMs: follow * 1000 } as const;
    const page: Page = await server.call<Page>(call);
    for (const fact of page.facts) terminal.out(`${options.json === true ? JSON.stringify(fact) : lineOf(fact)}\n`);
    after = page.next_cursor;
    if (page.more) continue;
    if (options.follow !== true) break;
    follow = FOLLOW_S;
  }
  if (after !== null) terminal.say(`note: what comes later: --after ${after}\n`);
  return undefined;
}

function lineOf({ kind, at_ms: at, session, body }: Page["facts"][number]): string {
  return printable(`${instant(at)}  ${kind}  ${session ?? "-"}  ${JSON.stringify(body)}`);
}
