// `policies put`: a new version, for sessions that are opened from now on.

import type { Context, Outcome } from "../context.ts";
import { printJson, printLines } from "../terminal.ts";
import { policyLines } from "./show.ts";
import { editOf, versionOf, type WirePolicy } from "./wire.ts";

export interface PutOptions {
  readonly set?: readonly string[];
  readonly from?: string;
  readonly version?: string;
  readonly json?: true;
}

export async function putPolicy({ terminal, api }: Context, name: string, options: PutOptions): Promise<Outcome> {
  const put = await api().call<WirePolicy & { readonly changed: boolean }>({
    scope: "policies:write",
    method: "POST",
    path: `/v1/policies/${encodeURIComponent(name)}/versions`,
    body: {
      ...editOf(options.set),
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(options.version === undefined ? {} : { version: versionOf(options.version) }),
    },
    unknown: `it may or may not be put; look with: hallpass policies show ${name}`,
  });
  if (options.json === true) printJson(terminal, put);
  else printLines(terminal, policyLines(put));
  if (!put.changed) terminal.say("nothing differs, so there is no new version\n");
  return undefined;
}
