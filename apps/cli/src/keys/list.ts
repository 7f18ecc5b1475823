// `keys list`: every signing key, in what state and since when.

import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { relative } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";

interface WireKey {
  readonly kid: string;
  readonly state: string;
  readonly published_ms?: number;
  readonly activated_ms?: number;
  readonly retired_ms?: number;
  readonly last_token_expires_ms?: number;
  readonly removed_ms?: number;
  readonly compromised_ms?: number;
}

interface KeyList {
  readonly version: number;
  readonly keys: readonly WireKey[];
}

export async function listKeys({ terminal, api }: Context, options: { readonly json?: true }): Promise<Outcome> {
  const listed = await api().call<KeyList>({ scope: "keys:read", method: "GET", path: "/v1/keys" });
  if (options.json === true) printJson(terminal, listed);
  else {
    const rows = listed.keys.map((key) => [key.kid, key.state, sinceWords(key, terminal.now())]);
    printLines(terminal, columns(["KID", "STATE", "SINCE"], rows));
  }
  return undefined;
}

function sinceWords(key: WireKey, now: number): string {
  const since = key.compromised_ms ?? key.removed_ms ?? key.retired_ms ?? key.activated_ms ?? key.published_ms;
  const gone = key.last_token_expires_ms;
  const words = since === undefined ? "" : relative(since, now);
  return gone === undefined ? words : `${words}; its last token expires ${relative(gone, now)}`;
}
