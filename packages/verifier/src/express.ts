// The verifier as Express middleware: lets accepted requests through with the verdict on the request, answers the
// others. Reads the raw headers, because Node keeps only the first of several Authorization headers.

import type { NextFunction, Request, RequestHandler, Response } from "express";
import { credentialsOfNode } from "./node-credentials.ts";
import { type RouteOptions, replyTo, requirementsOf } from "./reply.ts";
import type { Accepted } from "./verdict.ts";
import type { Verifier } from "./verifier.ts";

export type { RouteOptions } from "./reply.ts";

declare global {
  // The one way that Express offers to extend its request.
  namespace Express {
    interface Request {
      /** Set by the middleware `hallpass`. */
      hallpass?: Accepted;
    }
  }
}

/** `request.hallpass` is the accepted verdict. */
export function hallpass(verifier: Verifier, options: RouteOptions = {}): RequestHandler {
  const required = requirementsOf(options);
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const verdict = await verifier.verifyCredentials(credentialsOfNode(request), required);
    if (verdict.kind !== "accepted") {
      const { status, headers, body } = replyTo(verdict);
      response.status(status).set(headers).end(body);
      return;
    }
    request.hallpass = verdict;
    next();
  };
}
