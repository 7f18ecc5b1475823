// `sessions open`: for a subject whom you have authenticated. Prints tokens, because that is what it is for.

import type { Context, Outcome } from "../context.ts";
import { pairs } from "../print/columns.ts";
import { instant, relative } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";
import type { OpenedSession } from "./session-wire.ts";

interface OpenOptions {
  readonly subject: string;
  readonly client: string;
  readonly scope?: string;
  readonly audience?: string;
  readonly parent?: string;
  readonly device?: string;
  readonly shell?: true;
  readonly json?: true;
}

export async function openSession({ terminal, api }: Context, options: OpenOptions): Promise<Outcome> {
  const opened = await api().call<OpenedSession>({
    scope: "sessions:write",
    method: "POST",
    path: "/v1/sessions",
    body: {
      subject: options.subject,
      client_id: options.client,
      ...(options.scope === undefined ? {} : { scope: options.scope }),
      ...(options.audience === undefined ? {} : { audience: options.audience }),
      ...(options.parent === undefined ? {} : { parent: options.parent }),
      ...(options.device === undefined ? {} : { device: { name: options.device } }),
    },
    unknown: "it may or may not be open; look with: hallpass sessions search --subject <subject>",
  });
  if (options.json === true) printJson(terminal, opened);
  else if (options.shell === true) printLines(terminal, shellLines(opened));
  else printLines(terminal, openedLines(opened, terminal.now()));
  return undefined;
}

function openedLines(
  { session, access_token: access, refresh_token: refresh, scope }: OpenedSession,
  now: number,
): string[] {
  return pairs([
    ["session", session.id],
    ["scope", scope],
    ["expires", `${instant(session.expires_ms)} (${relative(session.expires_ms, now)})`],
    ["access token", access],
    ...(refresh === undefined ? [] : [["refresh token", refresh] as const]),
  ]);
}

function shellLines({ session, access_token: access, refresh_token: refresh = "" }: OpenedSession): string[] {
  return [`SID=${quoted(session.id)}`, `ACCESS=${quoted(access)}`, `REFRESH=${quoted(refresh)}`];
}

/** For eval: whatever the server says stays one word. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
