// `verifiers`: the fleet. Who enforces revocations, and how far each is.

import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { relative, span } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";

interface WireVerifier {
  readonly instance: string;
  readonly service: string;
  readonly region: string | null;
  readonly version: string;
  readonly max_staleness_ms: number;
  readonly on_stale: string;
  readonly connected: boolean;
  readonly last_seen_ms: number;
  readonly applied: string | null;
  readonly behind: number | null;
}

interface Fleet {
  readonly as_of_ms: number;
  readonly head: string;
  readonly verifiers: readonly WireVerifier[];
}

export async function listVerifiers({ terminal, api }: Context, options: { readonly json?: true }): Promise<Outcome> {
  const fleet = await api().call<Fleet>({ scope: "verifiers:read", method: "GET", path: "/v1/verifiers" });
  if (options.json === true) printJson(terminal, fleet);
  else if (fleet.verifiers.length === 0) terminal.say("no verifier has connected lately\n");
  else printLines(terminal, table(fleet));
  return undefined;
}

function table({ as_of_ms: asOf, verifiers }: Fleet): string[] {
  return columns(
    ["SERVICE", "INSTANCE", "REGION", "CONNECTED", "LAST SEEN", "BEHIND", "M", "WHEN STALE", "SOFTWARE"],
    verifiers.map((one) => [
      one.service,
      one.instance,
      one.region ?? "",
      one.connected ? "yes" : "no",
      relative(one.last_seen_ms, asOf),
      one.behind === null ? "unknown" : String(one.behind),
      span(one.max_staleness_ms),
      one.on_stale,
      one.version,
    ]),
  );
}
