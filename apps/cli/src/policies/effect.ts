// `policies preview` and `policies apply`: whom an edit would end, and whom it ended. Both go on until the server has no further step.

import type { Call } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { columns, pairs } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";
import { editOf, versionOf } from "./wire.ts";

interface Effect {
  readonly policy: string;
  readonly version: number;
  readonly examined: number;
  /** Absent for none. */
  readonly unreadable?: number;
  readonly changed: number;
  readonly ended: number;
  readonly ended_by_client: Readonly<Record<string, number>>;
  readonly ended_by_rule: Readonly<Record<string, number>>;
  readonly sample: readonly string[];
}

type Page = Effect & { readonly next_cursor: string | null };

const SHOWN = 20;

export async function previewPolicy(
  { terminal, api }: Context,
  name: string,
  options: { readonly set?: readonly string[]; readonly json?: true },
): Promise<Outcome> {
  const edit = editOf(options.set);
  const path = `/v1/policies/${encodeURIComponent(name)}/preview`;
  const server = api();
  const total = await added((cursor) =>
    server.call<Page>({ scope: "policies:read", method: "POST", path, body: { ...edit, ...cursor } }),
  );
  if (options.json === true) printJson(terminal, total);
  else printLines(terminal, effectLines(total, "would change", "would end"));
  return undefined;
}

export async function applyPolicy(
  { terminal, api }: Context,
  name: string,
  options: { readonly version: string; readonly json?: true },
): Promise<Outcome> {
  const version = versionOf(options.version);
  const server = api();
  const call: Omit<Call, "body"> = {
    scope: "policies:write",
    method: "POST",
    path: `/v1/policies/${encodeURIComponent(name)}/apply`,
    unknown: "it is done in part; run it again, what is done already is not done twice",
  };
  const total = await added((cursor) => server.call<Page>({ ...call, body: { version, ...cursor } }));
  if (options.json === true) printJson(terminal, total);
  else printLines(terminal, effectLines(total, "changed", "ended"));
  return undefined;
}

async function added(step: (cursor: { readonly cursor?: string }) => Promise<Page>): Promise<Effect> {
  let { next_cursor: cursor, ...total } = await step({});
  while (cursor !== null) {
    const page: Page = await step({ cursor });
    cursor = page.next_cursor;
    total = {
      ...total,
      examined: total.examined + page.examined,
      unreadable: (total.unreadable ?? 0) + (page.unreadable ?? 0),
      changed: total.changed + page.changed,
      ended: total.ended + page.ended,
      ended_by_client: summed(total.ended_by_client, page.ended_by_client),
      ended_by_rule: summed(total.ended_by_rule, page.ended_by_rule),
      sample: [...total.sample, ...page.sample].slice(0, SHOWN),
    };
  }
  return total;
}

function summed(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  // No object: a client may be named like what every object has.
  const sums = new Map(Object.entries(one));
  for (const [name, count] of Object.entries(other)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries(sums);
}

/** ` (3 by acr, 2 by limit)`; nothing where nobody ended. */
function byRule(effect: Effect): string {
  const rules = Object.entries(effect.ended_by_rule).filter(([, count]) => count > 0);
  return rules.length === 0 ? "" : ` (${rules.map(([rule, count]) => `${count} by ${rule}`).join(", ")})`;
}

function effectLines(effect: Effect, changed: string, ended: string): string[] {
  const byClient = Object.entries(effect.ended_by_client);
  return [
    ...pairs([
      ["policy", `${effect.policy} ${effect.version}`],
      ["examined", `${effect.examined} sessions`],
      ...((effect.unreadable ?? 0) === 0 ? [] : [["unreadable", `${effect.unreadable} of them`] as const]),
      [changed, String(effect.changed)],
      [ended, `${effect.ended}${byRule(effect)}`],
    ]),
    ...(byClient.length === 0
      ? []
      : [
          "",
          ...columns(
            ["CLIENT", "SESSIONS"],
            byClient.map(([client, count]) => [client, String(count)]),
          ),
        ]),
    ...(effect.sample.length === 0
      ? []
      : [
          "",
          ...columns(
            ["AMONG THEM"],
            effect.sample.map((sid) => [sid]),
          ),
        ]),
  ];
}
