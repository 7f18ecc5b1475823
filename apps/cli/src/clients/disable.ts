// `clients disable`: it gets nothing any more, and everything that it was given is revoked.

import type { SignedReceipt } from "@hallpass/protocol";
import type { Context, Outcome } from "../context.ts";
import { answerReceipt } from "../revoke/revoke.ts";

export async function disableClient(
  { terminal, api }: Context,
  id: string,
  options: { readonly json?: true },
): Promise<Outcome> {
  const receipt = await api().call<SignedReceipt>({
    scope: "clients:write",
    method: "POST",
    path: `/v1/clients/${encodeURIComponent(id)}/disable`,
    body: {},
    unknown: "it may or may not be committed; run it again, disabling twice is harmless",
  });
  return answerReceipt(terminal, receipt, options);
}
