// `sessions show`: what a session is, why it ended if it did, and what happened to it.

import type { Receipt } from "@hallpass/protocol";
import { Complaint } from "../complaint.ts";
import { everyPage, pageQuery } from "../connection/every-page.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { columns, pairs, printable } from "../print/columns.ts";
import { instant, relative } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";
import { endWords } from "./reasons.ts";
import type { WireFact, WireSession } from "./session-wire.ts";
import { timelineLines } from "./timeline.ts";

interface Timeline {
  readonly facts: readonly WireFact[];
  readonly next_cursor: string | null;
}

export async function showSession(
  { terminal, api }: Context,
  sid: string,
  options: { readonly json?: true },
): Promise<Outcome> {
  const server = api();
  const path = `/v1/sessions/${encodeURIComponent(sid)}`;
  const session = await server.call<WireSession>({ scope: "sessions:read", method: "GET", path });
  const facts = await everyPage(
    (cursor) =>
      server.call<Timeline>({ scope: "sessions:read", method: "GET", path: `${path}/timeline${pageQuery(cursor)}` }),
    (page) => page.facts,
  );
  if (options.json === true) {
    printJson(terminal, { session, timeline: facts });
    return undefined;
  }
  const why = session.end === null ? [] : [["why", await reasonOf(server, session.end.reason, facts)] as const];
  printLines(terminal, [
    ...pairs([...sessionPairs(session, terminal.now()), ...why]),
    "",
    ...familyTable(session, terminal.now()),
    "",
    ...timelineLines(facts).map(printable),
  ]);
  return undefined;
}

function sessionPairs(session: WireSession, now: number): (readonly [string, string])[] {
  const { end, device, parent } = session;
  const at = (ms: number): string => `${instant(ms)} (${relative(ms, now)})`;
  return [
    ["session", session.id],
    ["subject", session.subject],
    ["state", end === null ? "active" : `ended ${at(end.at_ms)}`],
    ["opened", at(session.opened_ms)],
    ["last active", at(session.last_active_ms)],
    ...(end === null ? [["expires", at(session.expires_ms)] as const] : []),
    ["policy", `${session.policy.name} ${session.policy.version}`],
    ...(parent === null ? [] : [["below", parent] as const]),
    ...(device === null
      ? []
      : [["device", [device.name, device.user_agent, device.ip].filter((one) => one !== null).join(", ")] as const]),
  ];
}

function familyTable(session: WireSession, now: number): string[] {
  return columns(
    ["FAMILY", "CLIENT", "GENERATION", "ROTATED", "SCOPE", "STATE"],
    session.families.map((one) => [
      `${session.id}/${one.id}`,
      one.client_id,
      String(one.generation),
      relative(one.rotated_ms, now),
      one.scope,
      one.ended === null ? session.state : `ended: ${endWords(one.ended)}`,
    ]),
  );
}

/** The reason in words, with who revoked it and what they said, as far as that may be read. */
async function reasonOf(server: ServerApi, reason: string, facts: readonly WireFact[]): Promise<string> {
  const words = endWords(reason);
  const id = facts.findLast((fact) => fact.kind === "session_ended")?.body["revocation"];
  if (typeof id !== "string") return words;
  try {
    const path = `/v1/revocations/${encodeURIComponent(id)}`;
    const receipt = await server.call<Receipt>({ scope: "revocations:read", method: "GET", path });
    const said = [receipt.reason, receipt.ticket].filter((one) => one !== null).join(", ");
    return `${words}, by ${receipt.actor ?? "nobody named"}${said === "" ? "" : `: ${said}`}`;
  } catch (cause) {
    // Receipts are kept for 30 days, and not everyone may read them. The reason itself is known.
    if (cause instanceof Complaint) return words;
    throw cause;
  }
}
