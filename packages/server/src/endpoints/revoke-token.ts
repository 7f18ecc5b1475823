// Revocation (RFC 7009). Accepts a form; from the client that the token was issued to, public ones too; takes the token away in one commit;
// answers 200 when that is durable, and just as well when there was nothing to take away.

import { revokeToken as revokePresented, Secret } from "@hallpass/core";
import { empty, type Reply, refuse } from "../replies.ts";
import type { Services } from "../services.ts";
import { clientOf, judged } from "./client-credentials.ts";
import { readForm } from "./client-form.ts";
import type { Exchange } from "./endpoint.ts";

const LIMITS = { maxLength: 16_384, maxParameters: 16 };

export async function revokeToken(services: Services, exchange: Exchange): Promise<Reply> {
  const read = readForm(exchange, LIMITS);
  if (!read.ok) return read.refusal;
  const token = read.form.get("token");
  if (token === undefined) return refuse(exchange, "parameter_missing");
  const proven = clientOf(services, exchange, read.form);
  const presented = proven instanceof Promise ? await proven : proven;
  if (presented.kind === "refused") return presented.refusal;
  const { credentials } = presented;
  const answer = await revokePresented(services, { token: new Secret(token), credentials });
  const isKnown = answer.ok || answer.code !== "client_unauthenticated";
  const refusal = judged(services, exchange, credentials, isKnown);
  if (refusal !== undefined) return refusal;
  if (!answer.ok) return refuse(exchange, answer.code);
  // Where to read the receipt, for whoever may (GET /v1/revocations/{id}).
  return empty(exchange, 200, answer.value === null ? undefined : { "hallpass-revocation": answer.value.id });
}
