// `keys rotate`, `try`, `restore`, `remove`, `add` and `compromise`: what changed, and which connected verifiers know it already.

import { usage } from "../complaint.ts";
import type { Call } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { pairs } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";

interface ChangedKeys {
  readonly version: number;
  readonly active: string;
  readonly next: string;
  readonly verifiers: { readonly connected: number; readonly acknowledged: number };
}

interface ChangeOptions {
  readonly alg?: string;
  readonly force?: true;
  readonly json?: true;
}

interface TryOptions extends ChangeOptions {
  readonly client?: string;
  readonly percent?: string;
  readonly nobody?: true;
}

const WAIT_MS = 2000;

export function rotateKeys(context: Context, options: ChangeOptions): Promise<Outcome> {
  return post(context, options, "/v1/keys/rotate", { ...algIn(options), ...forceIn(options) });
}

export function tryKey(context: Context, options: TryOptions): Promise<Outcome> {
  const trial = trialIn(options);
  return post(context, options, "/v1/keys/try", { ...algIn(options), ...forceIn(options), trial });
}

export function addKeys(context: Context, alg: string, options: ChangeOptions): Promise<Outcome> {
  return post(context, options, "/v1/keys", { alg });
}

export function restoreKey(context: Context, kid: string, options: ChangeOptions): Promise<Outcome> {
  return post(context, options, `/v1/keys/${encodeURIComponent(kid)}/restore`, {});
}

export function removeKey(context: Context, kid: string, options: ChangeOptions): Promise<Outcome> {
  // The answer does not wait: nobody has to know a key that nothing needs.
  const path = `/v1/keys/${encodeURIComponent(kid)}/remove`;
  return change(context, options, { scope: "keys:write", method: "POST", path, body: {} });
}

export function compromiseKeys(context: Context, kids: readonly string[], options: ChangeOptions): Promise<Outcome> {
  return post(context, options, "/v1/keys/compromise", { kids });
}

function algIn({ alg }: ChangeOptions): object {
  return alg === undefined ? {} : { alg };
}

function forceIn({ force }: ChangeOptions): object {
  return force === true ? { force } : {};
}

function trialIn({ client, percent, nobody }: TryOptions): object | null {
  const said = [client, percent, nobody].filter((one) => one !== undefined);
  if (said.length !== 1)
    throw usage("for whom is not said, or said twice", "--client <id>, --percent <1 to 99>, or --nobody");
  if (client !== undefined) return { client_id: client };
  return percent === undefined ? null : { percent: Number(percent) };
}

function post(context: Context, options: ChangeOptions, path: string, body: object): Promise<Outcome> {
  const call = { scope: "keys:write", method: "POST", path, body: { ...body, wait_ms: WAIT_MS } } as const;
  return change(context, options, call);
}

async function change({ terminal, api }: Context, options: ChangeOptions, call: Call): Promise<Outcome> {
  const unknown = "it may or may not be done; look with: hallpass keys list";
  const changed = await api().call<ChangedKeys>({ ...call, waitMs: WAIT_MS, unknown });
  const { verifiers } = changed;
  if (options.json === true) printJson(terminal, changed);
  else
    printLines(
      terminal,
      pairs([
        ["active", changed.active],
        ["next", changed.next],
        ["known by", `${verifiers.acknowledged} of ${verifiers.connected} connected verifiers`],
      ]),
    );
  return undefined;
}
