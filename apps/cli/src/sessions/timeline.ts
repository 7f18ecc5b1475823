// What happened to a session, one sentence per fact. Refreshes in a row are one line.

import { instant } from "../print/times.ts";
import { endWords } from "./reasons.ts";
import type { WireFact } from "./session-wire.ts";

type Body = WireFact["body"];

const SENTENCES: Readonly<Record<string, (body: Body) => string>> = {
  session_opened: (body) =>
    `opened by ${word(body, "actor")} for client ${word(body, "client")} under policy ${word(body, "policy")}${below(body)}`,
  session_changed: (body) =>
    `changed: ${list(body, "changed")}${body["reduced"] === true ? "; access tokens issued before are outdated" : ""}`,
  session_ended: (body) => `ended: ${endWords(word(body, "reason"))}`,
  session_kept_alive: () => "in use",
  family_ended: (body) =>
    `family ${word(body, "family")} ended: ${endWords(word(body, "reason"))}; the session lives on`,
  token_refreshed: (body) =>
    `refreshed to generation ${word(body, "generation")}${body["outcome"] === "recovered" ? ", in place of one that never arrived" : ""}`,
  refresh_refused: (body) =>
    body["outcome"] === "misbound"
      ? `client ${word(body, "client")} showed a refresh token that belongs to another; refused`
      : `the refresh token of generation ${word(body, "generation")} was used again: stolen, or kept by mistake`,
  store_regressed: (body) =>
    `the client showed generation ${word(body, "shown")} where the store knew ${word(body, "known")}: history was lost`,
};

export function timelineLines(facts: readonly WireFact[]): string[] {
  return grouped(facts).map(({ first, last, count }) => {
    const sentence = SENTENCES[first.kind]?.(last.body) ?? first.kind;
    return `${instant(last.at_ms)}  ${sentence}${count > 1 ? ` (${count} times since ${instant(first.at_ms)})` : ""}`;
  });
}

interface Group {
  readonly first: WireFact;
  readonly last: WireFact;
  readonly count: number;
}

const REPEATED: ReadonlySet<string> = new Set(["token_refreshed", "session_kept_alive"]);

function grouped(facts: readonly WireFact[]): Group[] {
  const groups: Group[] = [];
  for (const fact of facts) {
    const open = groups.at(-1);
    if (open !== undefined && open.first.kind === fact.kind && REPEATED.has(fact.kind)) {
      groups[groups.length - 1] = { ...open, last: fact, count: open.count + 1 };
    } else groups.push({ first: fact, last: fact, count: 1 });
  }
  return groups;
}

function word(body: Body, name: string): string {
  const value = body[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "(none)";
}

function list(body: Body, name: string): string {
  const value = body[name];
  return Array.isArray(value) ? value.join(", ") : "(none)";
}

function below(body: Body): string {
  return typeof body["parent"] === "string" ? `, below ${body["parent"]}` : "";
}
