// `revocations judge`: whether the store still has what a receipt says; and, if it has lost it, the same revocation again.

import { readFileSync } from "node:fs";
import type { ReceiptTarget, SignedReceipt } from "@hallpass/protocol";
import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { pairs } from "../print/columns.ts";
import { receiptLines, targetText } from "../print/receipt.ts";
import { instant } from "../print/times.ts";
import { printJson, printLines } from "../terminal.ts";

export interface JudgeOptions {
  readonly again?: true;
  readonly json?: true;
}

interface Kept {
  readonly standing: "kept";
  readonly receipt: SignedReceipt;
}

interface Lost {
  readonly standing: "lost";
  readonly id: string;
  readonly pos: string;
  readonly committed_at_ms: number;
  readonly targets: readonly ReceiptTarget[];
  readonly epoch: number;
  readonly epoch_began_at_ms: number | null;
}

interface Expired {
  readonly standing: "expired";
  readonly id: string;
  readonly committed_at_ms: number;
}

export async function judgeReceipt(context: Context, file: string, options: JudgeOptions): Promise<Outcome> {
  const { terminal, api } = context;
  const receipt = signedIn(file === "-" ? await terminal.readInput() : textOf(file), file);
  const judged = await api().call<Kept | Lost | Expired>({
    scope: "revocations:write",
    method: "POST",
    path: "/v1/revocations/judge",
    body: { receipt },
  });
  if (judged.standing === "lost" && options.again === true) return again(context, judged, options);
  if (options.json === true) printJson(terminal, judged);
  else printLines(terminal, linesOf(judged));
  if (judged.standing === "kept") return EXIT.done;
  if (judged.standing === "expired") return EXIT.warned;
  terminal.say("what it took away may be back; take it away again with: --again\n");
  return EXIT.refused;
}

async function again({ terminal, api }: Context, { targets, id }: Lost, { json }: JudgeOptions): Promise<Outcome> {
  const receipt = await api().call<SignedReceipt>({
    scope: "revocations:write",
    method: "POST",
    path: "/v1/revocations",
    body: { targets, reason: `again: ${id} was lost` },
    unknown: "it may or may not be committed; run it again, revoking twice is harmless",
  });
  if (json === true) printJson(terminal, receipt);
  else printLines(terminal, receiptLines(receipt));
  return EXIT.done;
}

function linesOf(judged: Kept | Lost | Expired): readonly string[] {
  switch (judged.standing) {
    case "kept":
      return receiptLines(judged.receipt);
    case "lost": {
      const { id, pos, committed_at_ms: committedAt, targets, epoch, epoch_began_at_ms: began } = judged;
      return pairs([
        ["receipt", id],
        ["revoked", targets.map(targetText).join(", ")],
        ["committed", `${instant(committedAt)} at position ${pos}`],
        [
          "standing",
          `lost: the store does not have it any more; epoch ${epoch}${began === null ? "" : ` began ${instant(began)}`}`,
        ],
      ]);
    }
    case "expired":
      return pairs([
        ["receipt", judged.id],
        ["committed", instant(judged.committed_at_ms)],
        ["standing", "older than receipts are kept: nobody knows"],
      ]);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw usage(`${file} can't be read`, "give a file that exists, or - for stdin");
  }
}

/** The signed text, alone or as the member `jws` of what a revocation answered. */
function signedIn(text: string, file: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) return trimmed;
  try {
    const { jws } = JSON.parse(trimmed) as { readonly jws?: unknown };
    if (typeof jws === "string") return jws;
  } catch {
    // Told below.
  }
  throw usage(`${file} holds no receipt`, "what hallpass revoke --json printed, or its jws alone");
}
