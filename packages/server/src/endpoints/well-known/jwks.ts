// The JWKS (RFC 7517): what the ring publishes, read with the store's own word each time. Public members only; core writes them out.

import { ringKey } from "@hallpass/core";
import type { Reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { publicDocument } from "./metadata.ts";

export async function jwks(services: Services, exchange: Exchange): Promise<Reply> {
  const keys = services.keys.open(await services.store.read([ringKey(services.tenant)]));
  const body = JSON.stringify({ keys: keys.published.map(({ jwk }) => jwk) });
  return publicDocument(exchange, body, "application/jwk-set+json");
}
