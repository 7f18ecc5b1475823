// `sessions search`: the sessions of a subject. The subject travels in a body, never in an address.

import { everyPage } from "../connection/every-page.ts";
import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { relative } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";
import { endWords } from "./reasons.ts";
import type { WireSession } from "./session-wire.ts";

interface SearchOptions {
  readonly subject: string;
  readonly json?: true;
}

interface Found {
  readonly sessions: readonly WireSession[];
  readonly next_cursor: string | null;
}

export async function searchSessions({ terminal, api }: Context, options: SearchOptions): Promise<Outcome> {
  const server = api();
  const sessions = await everyPage(
    (cursor) =>
      server.call<Found>({
        scope: "sessions:read",
        method: "POST",
        path: "/v1/sessions/search",
        body: { subject: options.subject, ...(cursor === null ? {} : { cursor }) },
      }),
    (found) => found.sessions,
  );
  if (options.json === true) printJson(terminal, sessions);
  else if (sessions.length === 0) terminal.say("no session of this subject lives or ended lately\n");
  else printLines(terminal, table(sessions, terminal.now()));
  return undefined;
}

function table(sessions: readonly WireSession[], now: number): string[] {
  return columns(
    ["SESSION", "STATE", "OPENED", "LAST ACTIVE", "CLIENTS", "DEVICE"],
    sessions.map((one) => [
      one.id,
      one.end === null ? "active" : `ended: ${endWords(one.end.reason)}`,
      relative(one.opened_ms, now),
      relative(one.last_active_ms, now),
      [...new Set(one.families.map((family) => family.client_id))].join(" "),
      one.device?.name ?? "",
    ]),
  );
}
