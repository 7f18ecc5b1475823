// GET /v1/keys: which signing keys there are, in what state, since when, and whom the next rotation waits for. Nothing that could sign.

import { type KeyDescription, listKeys, trialToWire } from "@hallpass/core";
import { type Reply, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { listenersOf } from "./listeners.ts";

export async function list(services: Services, exchange: Exchange): Promise<Reply> {
  const listeners = await listenersOf(services);
  const listed = await listKeys(services, { tenant: services.tenant, listeners });
  return reply(exchange, 200, {
    version: listed.version,
    keys: listed.keys.map(keyToWire),
    rotations: listed.rotations.map(({ alg, due, proceeds, waitingFor }) => ({
      alg,
      due_ms: due,
      proceeds_ms: proceeds,
      waiting_for: waitingFor,
    })),
    mac_keys: listed.macKeys,
    secret_keys: listed.secretKeys,
    key_encryption: { current: services.kek.id, sealed_under: listed.sealedUnder },
  });
}

function keyToWire(key: KeyDescription): object {
  const { kid, alg, state } = key;
  switch (key.state) {
    case "next":
      return { kid, alg, state, published_ms: key.publishedAt, trial: trialToWire(key.trial) };
    case "active":
      return { kid, alg, state, published_ms: key.publishedAt, activated_ms: key.activatedAt };
    case "retiring":
      return {
        kid,
        alg,
        state,
        published_ms: key.publishedAt,
        activated_ms: key.activatedAt,
        retired_ms: key.retiredAt,
        last_token_expires_ms: key.lastTokenExpires,
      };
    case "removed":
      return { kid, alg, state, removed_ms: key.removedAt };
    case "compromised":
      return { kid, alg, state, compromised_ms: key.at, was: key.was };
  }
}
