// The verifier as Hono middleware: lets accepted requests through with the verdict in the context, answers the others.

import type { MiddlewareHandler } from "hono";
import { type RouteOptions, replyTo, requirementsOf } from "./reply.ts";
import type { Accepted } from "./verdict.ts";
import type { Verifier } from "./verifier.ts";

export type { RouteOptions } from "./reply.ts";

export interface HallpassVariables {
  readonly Variables: { hallpass: Accepted };
}

/** `c.get("hallpass")` is the accepted verdict. */
export function hallpass(verifier: Verifier, options: RouteOptions = {}): MiddlewareHandler<HallpassVariables> {
  const required = requirementsOf(options);
  return async (context, next) => {
    const verdict = await verifier.verify(context.req.raw, required);
    if (verdict.kind !== "accepted") {
      const { status, headers, body } = replyTo(verdict);
      return new Response(body, { status, headers });
    }
    context.set("hallpass", verdict);
    return next();
  };
}
