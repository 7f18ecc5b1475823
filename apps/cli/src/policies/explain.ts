// `policies explain`: every number that holds for a session or a client, and where it comes from.

import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { columns, pairs } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";
import { valueText } from "./wire.ts";

interface Explained {
  readonly policy: string;
  readonly version: number;
  readonly current_version: number | null;
  readonly numbers: readonly {
    readonly name: string;
    readonly value: unknown;
    readonly from: string;
    readonly since_version: number | null;
  }[];
}

export async function explainPolicy(
  { terminal, api }: Context,
  options: { readonly session?: string; readonly client?: string; readonly json?: true },
): Promise<Outcome> {
  const { session, client } = options;
  if ((session === undefined) === (client === undefined))
    throw usage("of what is not said, or said twice", "--session <sid> or --client <id>");
  const path =
    session === undefined
      ? `/v1/clients/${encodeURIComponent(client ?? "")}/policy`
      : `/v1/sessions/${encodeURIComponent(session)}/policy`;
  const explained = await api().call<Explained>({ scope: "policies:read", method: "GET", path });
  if (options.json === true) printJson(terminal, explained);
  else printLines(terminal, explainedLines(explained));
  return undefined;
}

function explainedLines({ policy, version, current_version: current, numbers }: Explained): string[] {
  const now = current === null ? "there is no such policy any more" : `version ${current} for new sessions`;
  return [
    ...pairs([["policy", `${policy} ${version}${current === version ? "" : `; ${now}`}`]]),
    "",
    ...columns(
      ["NUMBER", "VALUE", "FROM", "SINCE VERSION"],
      numbers.map(({ name, value, from, since_version: since }) => [
        name,
        valueText(name, value),
        from,
        since === null ? "" : String(since),
      ]),
    ),
  ];
}
