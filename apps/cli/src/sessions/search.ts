// `sessions search`: by the language of revocation by query. What is asked for travels in a body, never in an address.

import { everyPage } from "../connection/every-page.ts";
import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { relative } from "../print/times.ts";
import { type QueryOptions, queryOf } from "../revoke/query-options.ts";
import { printJson, printLines } from "../terminal.ts";
import { endWords } from "./reasons.ts";
import type { WireSession } from "./session-wire.ts";

interface SearchOptions extends QueryOptions {
  readonly state?: string;
  readonly json?: true;
}

interface Found {
  readonly sessions: readonly WireSession[];
  readonly next_cursor: string | null;
}

export async function searchSessions({ terminal, api }: Context, options: SearchOptions): Promise<Outcome> {
  const query = queryOf(options);
  const state = options.state === undefined ? {} : { state: options.state };
  const server = api();
  const sessions = await everyPage(
    (cursor) =>
      server.call<Found>({
        scope: "sessions:read",
        method: "POST",
        path: "/v1/sessions/search",
        body: { ...query, ...state, limit: 200, ...(cursor === null ? {} : { cursor }) },
      }),
    (found) => found.sessions,
  );
  if (options.json === true) printJson(terminal, sessions);
  else if (sessions.length === 0) terminal.say("no such session lives or ended lately\n");
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
