// `sessions end`: signed out, as its owner would. Answers with a receipt, as every revocation does.

import type { SignedReceipt } from "@hallpass/protocol";
import type { Context, Outcome } from "../context.ts";
import { answerReceipt, waitOf } from "../revoke/revoke.ts";

interface EndOptions {
  readonly wait?: string;
  readonly json?: true;
}

export async function endSession({ terminal, api }: Context, sid: string, options: EndOptions): Promise<Outcome> {
  const waitMs = waitOf(options);
  const receipt = await api().call<SignedReceipt>({
    scope: "sessions:write",
    method: "POST",
    path: `/v1/sessions/${encodeURIComponent(sid)}/end`,
    body: waitMs === 0 ? {} : { wait_ms: waitMs },
    waitMs,
    unknown: "it may or may not be committed; run it again, ending twice is harmless",
  });
  return answerReceipt(terminal, receipt, options);
}
