// GET /v1/keys: which signing keys there are, in what state, since when. Nothing that could sign.

import { type KeyDescription, listKeys } from "@hallpass/core";
import { type Reply, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";

export async function list(services: Services, exchange: Exchange): Promise<Reply> {
  const { version, keys, macKeys } = await listKeys(services, { tenant: services.tenant });
  return reply(exchange, 200, { version, keys: keys.map(keyToWire), mac_keys: macKeys });
}

function keyToWire(key: KeyDescription): object {
  const { kid, state } = key;
  switch (key.state) {
    case "next":
      return { kid, state, published_ms: key.publishedAt };
    case "active":
      return { kid, state, published_ms: key.publishedAt, activated_ms: key.activatedAt };
    case "retiring":
      return {
        kid,
        state,
        published_ms: key.publishedAt,
        activated_ms: key.activatedAt,
        retired_ms: key.retiredAt,
        last_token_expires_ms: key.lastTokenExpires,
      };
    case "removed":
      return { kid, state, removed_ms: key.removedAt };
    case "compromised":
      return { kid, state, compromised_ms: key.at, was: key.was };
  }
}
