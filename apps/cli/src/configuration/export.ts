// `export`: everything that a server has, as a file that `apply` takes. With --sessions, the sessions as JSON lines besides: what they are,
// and nothing that could mint.

import { closeSync, writeSync } from "node:fs";
import { stringify } from "yaml";
import type { ServerApi } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { newFile } from "../new-file.ts";
import { printJson } from "../terminal.ts";
import { ALL_SECTIONS, documentOf, readCurrent } from "./current.ts";

interface ExportOptions {
  readonly json?: true;
  /** A new file for the sessions. */
  readonly sessions?: string;
}

interface SessionsPage {
  readonly sessions: readonly object[];
  readonly next_cursor: string | null;
}

export async function exportAll({ terminal, api }: Context, options: ExportOptions): Promise<Outcome> {
  const server = api();
  const document = documentOf(await readCurrent(server, ALL_SECTIONS));
  if (options.json === true) printJson(terminal, document);
  else terminal.out(stringify(document, { lineWidth: 0 }));
  if (options.sessions !== undefined) {
    const count = await exportSessions(server, options.sessions);
    terminal.say(`${count === 1 ? "1 session" : `${count} sessions`} in ${options.sessions}\n`);
  }
  return undefined;
}

/** Subjects and devices are personal data: for its owner's eyes. */
async function exportSessions(server: ServerApi, path: string): Promise<number> {
  const file = newFile(path);
  let count = 0;
  try {
    let cursor: string | null = null;
    do {
      const page: SessionsPage = await server.call<SessionsPage>({
        scope: "sessions:read",
        method: "POST",
        path: "/v1/sessions/search",
        body: cursor === null ? { limit: 200 } : { limit: 200, cursor },
      });
      for (const session of page.sessions) writeSync(file, `${JSON.stringify(session)}\n`);
      count += page.sessions.length;
      cursor = page.next_cursor;
    } while (cursor !== null);
  } finally {
    closeSync(file);
  }
  return count;
}
