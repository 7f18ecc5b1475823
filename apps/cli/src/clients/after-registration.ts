// `clients enable`, `clients delete`, `clients rotate-secret`: what becomes of a client that is there.

import type { SignedReceipt } from "@hallpass/protocol";
import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { pairs } from "../print/columns.ts";
import { answerReceipt } from "../revoke/revoke.ts";
import { secretFile } from "../secret-file.ts";
import { printJson, printLines } from "../terminal.ts";
import type { WireClient } from "./list.ts";

interface JsonOption {
  readonly json?: true;
}

interface RotateOptions extends JsonOption {
  readonly secretFile?: string;
  /** Such as 24h. */
  readonly overlap: string;
}

export async function enableClient({ terminal, api }: Context, id: string, options: JsonOption): Promise<Outcome> {
  const client = await api().call<WireClient>({
    scope: "clients:write",
    method: "POST",
    path: `/v1/clients/${encodeURIComponent(id)}/enable`,
    body: {},
    unknown: "it may or may not be active; look with: hallpass clients list",
  });
  if (options.json === true) printJson(terminal, client);
  else
    printLines(
      terminal,
      pairs([
        ["client", client.client_id],
        ["status", client.status],
      ]),
    );
  return undefined;
}

export async function deleteClient({ terminal, api }: Context, id: string, options: JsonOption): Promise<Outcome> {
  const receipt = await api().call<SignedReceipt>({
    scope: "clients:write",
    method: "DELETE",
    path: `/v1/clients/${encodeURIComponent(id)}`,
    unknown: "it may or may not be committed; look with: hallpass clients list",
  });
  return answerReceipt(terminal, receipt, options);
}

export async function rotateSecret({ terminal, api }: Context, id: string, options: RotateOptions): Promise<Outcome> {
  const overlap = /^(\d{1,5})([smhd])$/.exec(options.overlap);
  if (overlap === null) throw usage(`${options.overlap} is no span`, "write it like 0s, 30m, 24h or 7d");
  if (options.secretFile === undefined)
    throw usage("there is no place for the secret", "--secret-file <path>; it must not exist");
  const seconds = Number(overlap[1]) * (UNITS[overlap[2] ?? ""] ?? 1);
  const file = secretFile(options.secretFile);
  try {
    const { client_secret: secret, ...client } = await api().call<WireClient & { readonly client_secret: string }>({
      scope: "clients:write",
      method: "POST",
      path: `/v1/clients/${encodeURIComponent(id)}/secrets`,
      body: { overlap_s: seconds },
      unknown: "there may be a further secret that nobody knows; rotate again",
    });
    file.keep(id, secret);
    if (options.json === true) printJson(terminal, client);
    else {
      const until = seconds === 0 ? "ended" : `works for another ${options.overlap}`;
      const secretPlace = `in ${file.path}, as client_id:secret`;
      printLines(
        terminal,
        pairs([
          ["client", id],
          ["secret", secretPlace],
          ["the one before", until],
        ]),
      );
    }
  } catch (cause) {
    file.drop();
    throw cause;
  }
  return undefined;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
