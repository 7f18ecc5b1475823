// The Idempotency-Key of a row that says `retry: "answer"`: the first success is given again to every retry, word for word. A refusal or
// a fault frees the key: what was not done may be asked for again.

import { type Idempotency, type KeptAnswer, settleOnce, takeOnce } from "@hallpass/core";
import { type Reply, refuse, text } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Caller, Exchange, ScopedEndpoint } from "./endpoint.ts";
import { idempotencyOf } from "./idempotency-key.ts";

export async function answerOnce(
  services: Services,
  answer: ScopedEndpoint["answer"],
  exchange: Exchange,
  caller: Caller,
  judgeAgain?: ScopedEndpoint["judgeAgain"],
): Promise<Reply> {
  const once = idempotencyOf(exchange, caller.token.client);
  if (once === null) return answer(services, exchange, caller);
  if (once === "malformed") return refuse(exchange, "idempotency_key_malformed");
  const taken = await takeOnce(services, once);
  if (!taken.ok)
    return refuse(exchange, taken.code, taken.code === "idempotency_key_in_use" ? { "retry-after": "1" } : {});
  if (taken.value !== null) {
    const { status, body, location } = taken.value;
    const refusal = await judgeAgain?.(services, exchange, caller, body);
    if (refusal !== undefined) return refusal;
    const headers = { "idempotency-replayed": "true", ...(location === undefined ? {} : { location }) };
    return text(exchange, status, body, "application/json", headers);
  }
  const first = await attempt(services, answer, exchange, caller, once);
  await settleOnce(services, once, keptOf(first));
  return first;
}

/** Null for what is not kept: a refusal. */
function keptOf({ status, body, headers: { location } }: Reply): KeptAnswer | null {
  if (status >= 300 || typeof body !== "string") return null;
  return { status, body, ...(location === undefined ? {} : { location }) };
}

/** What was thrown goes on; the key is freed if it can be, and otherwise frees itself in time. */
async function attempt(
  services: Services,
  answer: ScopedEndpoint["answer"],
  exchange: Exchange,
  caller: Caller,
  once: Idempotency,
): Promise<Reply> {
  try {
    return await answer(services, exchange, caller);
  } catch (thrown) {
    await settleOnce(services, once, null).catch(() => undefined);
    throw thrown;
  }
}
