// `audit checkpoint`: signs where the chain ends, and prints it with the keys that verify it. Keep it where whoever runs the server can't write.

import type { Context, Outcome } from "../context.ts";
import type { KeptCheckpoint } from "./wire-audit.ts";

export async function checkpoint({ terminal, api }: Context): Promise<Outcome> {
  const server = api();
  const path = "/v1/audit/checkpoints";
  const signed = await server.call<{ readonly checkpoint: string }>({ scope: "audit:read", method: "POST", path });
  const { keys } = await server.call<Pick<KeptCheckpoint, "keys">>({
    scope: "audit:read",
    method: "GET",
    path: "/.well-known/jwks.json",
  });
  const kept: KeptCheckpoint = { checkpoint: signed.checkpoint, keys };
  terminal.out(`${JSON.stringify(kept)}\n`);
  return undefined;
}
