// POST /v1/clients/{id}/secrets: the client's next secret, shown once. The one before it works on for the overlap.

import { parseClientId, rotateClientSecret } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { giverOf, mayMake } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { clientToWire } from "./client-to-wire.ts";
import * as registration from "./mandate-fields.ts";

const DAY = 86_400;

const body = z.strictObject({
  /** Seconds. */
  overlap_s: z
    .int()
    .min(0)
    .max(30 * DAY)
    .default(DAY),
  secret_sha256: registration.secretSha256.optional(),
});

export const rotateSecretBody: z.ZodType = body;

export async function rotateSecret(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = parseClientId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "client_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const giver = await giverOf(services, caller);
  const rotated = await rotateClientSecret(
    services,
    {
      client: id,
      overlapMs: read.value.overlap_s * 1000,
      preset: read.value.secret_sha256 ?? null,
      actor: caller.actor,
    },
    (before, after) => mayMake(services, giver, before, after),
  );
  if (!rotated.ok) return refuse(exchange, rotated.code);
  const { client, secret } = rotated.value;
  return reply(exchange, 201, {
    ...clientToWire(client),
    ...(secret === null ? {} : { client_secret: secret.reveal() }),
  });
}
