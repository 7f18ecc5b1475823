// `keys rotate` and `keys compromise`: what changed, and which connected verifiers know it already.

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
  readonly force?: true;
  readonly json?: true;
}

const WAIT_MS = 2000;

export function rotateKeys(context: Context, options: ChangeOptions): Promise<Outcome> {
  const body = { wait_ms: WAIT_MS, ...(options.force === true ? { force: true } : {}) };
  return change(context, options, { scope: "keys:write", method: "POST", path: "/v1/keys/rotate", body });
}

export function compromiseKey(context: Context, kid: string, options: ChangeOptions): Promise<Outcome> {
  const path = `/v1/keys/${encodeURIComponent(kid)}/compromise`;
  return change(context, options, { scope: "keys:write", method: "POST", path, body: { wait_ms: WAIT_MS } });
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
