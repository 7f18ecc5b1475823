// `sessions why`: why somebody was logged out, in words.

import type { Context, Outcome } from "../context.ts";
import { pairs, printable } from "../print/columns.ts";
import { instant, relative, span } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";

interface By {
  readonly actor: string | null;
  readonly reason: string | null;
  readonly ticket: string | null;
}

interface WireExplanation {
  readonly session: string;
  readonly state: "active" | "ended";
  readonly end: { readonly reason: string; readonly at_ms: number; readonly sentence: string } | null;
  readonly by: By | null;
  readonly because:
    | {
        readonly kind: "reuse";
        readonly generation: number;
        readonly client_id: string;
        readonly shown_ms: number;
        readonly replaced_ms: number | null;
      }
    | { readonly kind: "idle"; readonly last_active_ms: number; readonly idle_s: number }
    | { readonly kind: "absolute"; readonly opened_ms: number; readonly absolute_s: number }
    | {
        readonly kind: "ancestor";
        readonly ancestor: string;
        readonly end: { readonly reason: string; readonly at_ms: number };
      }
    | { readonly kind: "opening"; readonly opened: string }
    | { readonly kind: "policy"; readonly policy: string; readonly version: number; readonly rule: string }
    | null;
  readonly families: readonly {
    readonly family: string;
    readonly client_id: string;
    readonly reason: string;
    readonly sentence: string;
    readonly at_ms: number | null;
    readonly by: By | null;
  }[];
  readonly before: readonly { readonly at_ms: number; readonly sentence: string }[];
}

export async function explainSession(
  { terminal, api }: Context,
  sid: string,
  options: { readonly json?: true },
): Promise<Outcome> {
  const path = `/v1/sessions/${encodeURIComponent(sid)}/explanation`;
  const explained = await api().call<WireExplanation>({ scope: "sessions:read", method: "GET", path });
  if (options.json === true) printJson(terminal, explained);
  else printLines(terminal, linesOf(explained, terminal.now()).map(printable));
  return undefined;
}

function linesOf({ session, end, by, because, families, before }: WireExplanation, now: number): string[] {
  const head =
    end === null
      ? pairs([
          ["session", session],
          [
            "state",
            families.length === 0 ? "active: nobody was logged out of it" : "active, and over for some clients",
          ],
          ...families.map((one) => ["client", familyWords(one)] as const),
        ])
      : pairs([
          ["session", session],
          ["ended", `${instant(end.at_ms)} (${relative(end.at_ms, now)})`],
          ["why", `${end.sentence} (${end.reason})`],
          ...(because === null ? [] : [["because", becauseWords(because)] as const]),
          ...(by === null ? [] : [["by", byWords(by)] as const]),
        ]);
  const earlier = before.map((fact) => `${instant(fact.at_ms)}  ${fact.sentence}`);
  return earlier.length === 0 ? head : [...head, "", "before that:", ...earlier];
}

function becauseWords(because: NonNullable<WireExplanation["because"]>): string {
  switch (because.kind) {
    case "reuse": {
      const when = because.replaced_ms === null ? "some time before" : `at ${instant(because.replaced_ms)}`;
      return `client ${because.client_id} showed generation ${because.generation} at ${instant(because.shown_ms)}; another had replaced it ${when}`;
    }
    case "idle":
      return `last used at ${instant(because.last_active_ms)}; ${span(because.idle_s * 1000)} without use end it`;
    case "absolute":
      return `opened at ${instant(because.opened_ms)}; ${span(because.absolute_s * 1000)} after that it is over, however busy`;
    case "opening":
      return `session ${because.opened} was opened`;
    case "policy":
      return `policy ${because.policy} ${because.version}, by its ${RULES[because.rule] ?? because.rule}`;
    case "ancestor":
      return `session ${because.ancestor} ended at ${instant(because.end.at_ms)} (${because.end.reason})`;
  }
}

const RULES: Readonly<Record<string, string>> = {
  lifetime: "times",
  acr: "demand for assurance",
  limit: "limit of sessions",
};

function familyWords(one: WireExplanation["families"][number]): string {
  const when = one.at_ms === null ? "" : ` at ${instant(one.at_ms)}`;
  const who = one.by === null ? "" : `, by ${byWords(one.by)}`;
  return `${one.client_id}, family ${one.family}${when}: ${one.sentence} (${one.reason})${who}`;
}

function byWords({ actor, reason, ticket }: By): string {
  const said = [reason, ticket].filter((one) => one !== null).join(", ");
  return `${actor ?? "nobody named, or the receipt is no longer kept"}${said === "" ? "" : `: ${said}`}`;
}
