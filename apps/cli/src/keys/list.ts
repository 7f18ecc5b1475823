// `keys list`: every signing key, in what state and since when.

import type { Context, Outcome } from "../context.ts";
import { columns } from "../print/columns.ts";
import { relative } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";

interface WireKey {
  readonly kid: string;
  readonly alg: string;
  readonly trial?: { readonly client_id: string } | { readonly percent: number } | null;
  readonly state: string;
  readonly published_ms?: number;
  readonly activated_ms?: number;
  readonly retired_ms?: number;
  readonly last_token_expires_ms?: number;
  readonly removed_ms?: number;
  readonly compromised_ms?: number;
}

interface Rotation {
  readonly alg: string;
  readonly due_ms: number;
  readonly proceeds_ms: number;
  readonly waiting_for: readonly string[];
}

interface KeyList {
  readonly version: number;
  readonly keys: readonly WireKey[];
  readonly rotations: readonly Rotation[];
}

export async function listKeys({ terminal, api }: Context, options: { readonly json?: true }): Promise<Outcome> {
  const listed = await api().call<KeyList>({ scope: "keys:read", method: "GET", path: "/v1/keys" });
  if (options.json === true) printJson(terminal, listed);
  else {
    const now = terminal.now();
    const rows = listed.keys.map((key) => [key.kid, key.alg, stateWords(key), sinceWords(key, now)]);
    const ahead = listed.rotations.map((one) => [one.alg, relative(one.due_ms, now), waitWords(one, now)]);
    printLines(terminal, [
      ...columns(["KID", "ALG", "STATE", "SINCE"], rows),
      "",
      ...columns(["ROTATION", "DUE", "WAITS FOR"], ahead),
    ]);
  }
  return undefined;
}

function stateWords({ state, trial = null }: WireKey): string {
  if (trial === null) return state;
  return "percent" in trial ? `${state}, signs for ${trial.percent} %` : `${state}, signs for ${trial.client_id}`;
}

function waitWords({ waiting_for: waiting, proceeds_ms: proceeds }: Rotation, now: number): string {
  return waiting.length === 0 ? "nobody" : `${waiting.join(", ")}; goes on ${relative(proceeds, now)}`;
}

function sinceWords(key: WireKey, now: number): string {
  const since = key.compromised_ms ?? key.removed_ms ?? key.retired_ms ?? key.activated_ms ?? key.published_ms;
  const gone = key.last_token_expires_ms;
  const words = since === undefined ? "" : relative(since, now);
  return gone === undefined ? words : `${words}; its last token expires ${relative(gone, now)}`;
}
