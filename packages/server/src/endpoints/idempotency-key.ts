// What an Idempotency-Key looks like, and what it stands for.

import { createHash } from "node:crypto";
import type { ClientId, Idempotency } from "@hallpass/core";
import type { Exchange } from "./endpoint.ts";

/** RFC draft-ietf-httpapi-idempotency-key-header writes it as a quoted string; both spellings are one key each. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Null for a request without one. Of whom the key is, and of exactly which request. */
export function idempotencyOf(exchange: Exchange, caller: ClientId): Idempotency | null | "malformed" {
  const key = exchange.request.headers.get("idempotency-key");
  if (key === null) return null;
  if (!IDEMPOTENCY_KEY.test(key)) return "malformed";
  const hash = createHash("sha256");
  if (exchange.request.target !== "/v1/sessions")
    hash.update(`${exchange.request.method} ${exchange.request.target}\0`);
  return { caller, key, fingerprint: hash.update(exchange.body).digest("base64url") };
}
