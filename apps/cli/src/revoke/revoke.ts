// `revoke …`: takes away, and prints the receipt. Success means that it is committed; everything else is an error.

import type { SignedReceipt } from "@hallpass/protocol";
import { usage } from "../complaint.ts";
import type { ServerApi } from "../connection/server-api.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { isEnforced, receiptLines } from "../print/receipt.ts";
import { parseSpan } from "../print/times.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { tokenFromInput } from "../token/inspect.ts";
import { inspectToken } from "../token/kinds.ts";
import { preview, printPreview } from "./preview.ts";

export interface RevokeOptions {
  readonly reason?: string;
  readonly ticket?: string;
  readonly wait?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export type SmallTarget =
  | { readonly type: "session"; readonly sid: string }
  | { readonly type: "family"; readonly sid: string; readonly fam: string }
  | { readonly type: "token"; readonly jti: string }
  | { readonly type: "subject"; readonly subject: string }
  | { readonly type: "client"; readonly client_id: string };

const MOST_WAIT_MS = 30_000;

export async function revoke(
  { terminal, api }: Context,
  kind: SmallTarget["type"],
  id: string,
  options: RevokeOptions,
): Promise<Outcome> {
  return send(terminal, api(), await targetOf(terminal, kind, id), options);
}

/** The token goes to the server and nowhere else. */
export async function revokeLeaked({ terminal, api }: Context, options: RevokeOptions): Promise<Outcome> {
  return send(terminal, api(), { type: "leaked", token: await tokenFromInput(terminal) }, options);
}

export function notAKey(kid: string): never {
  throw usage("a key is not revoked but compromised", `run: hallpass keys compromise ${kid}`);
}

async function send(terminal: Terminal, server: ServerApi, target: object, options: RevokeOptions): Promise<Outcome> {
  const waitMs = waitOf(options);
  if (options.dryRun === true) {
    printPreview(terminal, await preview(server, target), options.json === true);
    return undefined;
  }
  const receipt = await server.call<SignedReceipt>({
    scope: "revocations:write",
    method: "POST",
    path: "/v1/revocations",
    body: {
      targets: [target],
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
      ...(waitMs === 0 ? {} : { wait_ms: waitMs }),
    },
    waitMs,
    unknown: "it may or may not be committed; run it again, revoking twice is harmless",
  });
  return answerReceipt(terminal, receipt, options);
}

/** Prints it, and says whether what was waited for has happened. */
export function answerReceipt(terminal: Terminal, receipt: SignedReceipt, options: RevokeOptions): Outcome {
  if (options.json === true) printJson(terminal, receipt);
  else printLines(terminal, receiptLines(receipt));
  return options.wait !== undefined && !isEnforced(receipt) ? EXIT.waiting : EXIT.done;
}

export function waitOf({ wait }: Pick<RevokeOptions, "wait">): number {
  const ms = wait === undefined ? 0 : parseSpan("--wait", wait);
  if (ms > MOST_WAIT_MS) throw usage(`--wait ${wait} is too long`, "at most 30s; the receipt can be read again");
  return ms;
}

/** With `-` the id comes from stdin: the subject itself, or any token that names what is meant. */
async function targetOf(terminal: Terminal, kind: SmallTarget["type"], id: string): Promise<SmallTarget> {
  if (kind === "client") return { type: kind, client_id: id };
  if (kind === "subject") return { type: kind, subject: id === "-" ? await tokenFromInput(terminal) : id };
  const { sid, fam, jti } = id === "-" ? await idsFromInput(terminal) : idsFromText(kind, id);
  if (kind === "session" && sid !== undefined) return { type: kind, sid };
  if (kind === "family" && sid !== undefined && fam !== undefined) return { type: kind, sid, fam };
  if (kind === "token" && jti !== undefined) return { type: kind, jti };
  const hint =
    kind === "family"
      ? "write <session>/<family>, as sessions show prints them"
      : "see what it is with: hallpass token inspect -";
  throw usage(`${id === "-" ? "what is on stdin" : id} names no ${kind}`, hint);
}

interface Ids {
  readonly sid?: string;
  readonly fam?: string;
  readonly jti?: string;
}

function idsFromText(kind: "session" | "family" | "token", id: string): Ids {
  if (kind === "session") return { sid: id };
  if (kind === "token") return { jti: id };
  const [sid, fam, more] = id.split("/");
  return sid === undefined || fam === undefined || more !== undefined ? {} : { sid, fam };
}

async function idsFromInput(terminal: Terminal): Promise<Ids> {
  const seen = inspectToken(await tokenFromInput(terminal));
  if (seen.kind === "session_token") return { sid: seen.sid };
  if (seen.kind === "refresh_token") return { sid: seen.sid, fam: seen.fam };
  if (seen.kind !== "jwt") return {};
  const { sid, fam, jti } = seen.claims;
  return {
    ...(typeof sid === "string" ? { sid } : {}),
    ...(typeof fam === "string" ? { fam } : {}),
    ...(typeof jti === "string" ? { jti } : {}),
  };
}
