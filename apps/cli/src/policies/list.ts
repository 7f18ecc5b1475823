// `policies list`: every policy as it holds now.

import { everyPage, pageQuery } from "../connection/every-page.ts";
import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { span } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";
import type { WirePolicy } from "./wire.ts";

interface Page {
  readonly policies: readonly WirePolicy[];
  readonly next_cursor: string | null;
}

export async function listPolicies({ terminal, api }: Context, options: { readonly json?: true }): Promise<Outcome> {
  const server = api();
  const policies = await everyPage(
    (cursor) => server.call<Page>({ scope: "policies:read", method: "GET", path: `/v1/policies${pageQuery(cursor)}` }),
    (page) => page.policies,
  );
  if (options.json === true) printJson(terminal, policies);
  else
    printLines(
      terminal,
      columns(
        ["POLICY", "VERSION", "ACCESS", "IDLE", "ABSOLUTE", "SESSIONS", "NEXT ONE", "ACR"],
        policies.map((one) => [
          one.name,
          String(one.version),
          spanOf(one["access_lifetime_s"]),
          spanOf(one["idle_s"]),
          spanOf(one["absolute_s"]),
          String(one["max_sessions"]),
          String(one["over_limit"]),
          (one["required_acr"] as readonly string[]).join(" "),
        ]),
      ),
    );
  return undefined;
}

function spanOf(seconds: unknown): string {
  return span(Number(seconds) * 1000);
}
