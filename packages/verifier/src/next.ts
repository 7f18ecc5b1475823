// The verifier under Next: a wrapper for route handlers, and a proxy (formerly middleware) that keeps others out before any
// page is rendered. Plain Requests and Responses: no type of Next is needed.

import { type RouteOptions, replyTo, requirementsOf } from "./reply.ts";
import type { Accepted } from "./verdict.ts";
import type { Verifier } from "./verifier.ts";

export type { RouteOptions } from "./reply.ts";

/** What a route handler gets beside the request: Next's own second argument, as it came. */
export type Handler<Context, All> = (
  request: Request,
  verdict: Accepted<All>,
  context: Context,
) => Response | Promise<Response>;

/** For `export const GET = hallpass(verifier, { scope: ["read"] }, (request, verdict) => ...)` in a route.ts. */
export function hallpass<Context, All>(
  verifier: Verifier<All>,
  options: RouteOptions,
  handler: Handler<Context, All>,
): (request: Request, context: Context) => Promise<Response> {
  const required = requirementsOf(options);
  return async (request, context) => {
    const verdict = await verifier.verify(request, required);
    return verdict.kind === "accepted" ? handler(request, verdict, context) : responseTo(verdict);
  };
}

/**
 * For `export const proxy = hallpassProxy(verifier)` in proxy.ts, with a `matcher` beside it. Answers who is refused and lets
 * the others go on. What is behind it asks again: a matcher that forgets a path must not be the only lock.
 */
export function hallpassProxy<All>(
  verifier: Verifier<All>,
  options: RouteOptions = {},
): (request: Request) => Promise<Response | undefined> {
  const required = requirementsOf(options);
  return async (request) => {
    const verdict = await verifier.verify(request, required);
    return verdict.kind === "accepted" ? undefined : responseTo(verdict);
  };
}

function responseTo(verdict: Parameters<typeof replyTo>[0]): Response {
  const { status, headers, body } = replyTo(verdict);
  return new Response(body, { status, headers });
}
