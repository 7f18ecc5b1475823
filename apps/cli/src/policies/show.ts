// `policies show` and `policies versions`: all numbers of a policy, now and before.

import { everyPage, pageQuery } from "../connection/every-page.ts";
import type { Context, Outcome } from "../context.ts";
import { columns, pairs } from "../print/columns.ts";
import { instant } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";
import { numbersOf, valueText, type WirePolicy } from "./wire.ts";

export async function showPolicy(
  { terminal, api }: Context,
  name: string,
  options: { readonly json?: true },
): Promise<Outcome> {
  const path = `/v1/policies/${encodeURIComponent(name)}`;
  const policy = await api().call<WirePolicy>({ scope: "policies:read", method: "GET", path });
  if (options.json === true) printJson(terminal, policy);
  else printLines(terminal, policyLines(policy));
  return undefined;
}

export function policyLines(policy: WirePolicy): string[] {
  return pairs([
    ["policy", `${policy.name} ${policy.version}`],
    ["put", putText(policy)],
    ...numbersOf(policy).map(([name, value]) => [name, valueText(name, value)] as const),
  ]);
}

function putText({ put }: WirePolicy): string {
  return put === null ? "a profile of this release" : `${instant(put.at_ms)} by ${put.by ?? "nobody"}`;
}

interface Page {
  readonly versions: readonly WirePolicy[];
  readonly next_cursor: string | null;
}

export async function listVersions(
  { terminal, api }: Context,
  name: string,
  options: { readonly json?: true },
): Promise<Outcome> {
  const server = api();
  const path = `/v1/policies/${encodeURIComponent(name)}/versions`;
  const versions = await everyPage(
    (cursor) => server.call<Page>({ scope: "policies:read", method: "GET", path: `${path}${pageQuery(cursor)}` }),
    (page) => page.versions,
  );
  if (options.json === true) printJson(terminal, versions);
  else
    printLines(
      terminal,
      columns(
        ["VERSION", "PUT", "CHANGED"],
        versions.map((one, index) => [String(one.version), putText(one), changeText(versions[index - 1], one)]),
      ),
    );
  return undefined;
}

function changeText(before: WirePolicy | undefined, policy: WirePolicy): string {
  if (before === undefined) return "";
  return numbersOf(policy)
    .filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(" ");
}
