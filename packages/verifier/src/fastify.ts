// The verifier under Fastify: a hook for one route, or a plugin for all routes of a scope. Lets accepted requests through
// with the verdict on the request, answers the others before their body is read.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { credentialsOfNode } from "./node-credentials.ts";
import { type RouteOptions, replyTo, requirementsOf } from "./reply.ts";
import type { Accepted } from "./verdict.ts";
import type { Verifier } from "./verifier.ts";

export type { RouteOptions } from "./reply.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the hook or the plugin of `@hallpass/verifier/fastify`. */
    hallpass?: Accepted;
  }
}

export type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** For `onRequest` of a route: `app.get("/notes", { onRequest: hallpass(verifier, { scope: ["read"] }) }, ...)`. */
export function hallpass(verifier: Verifier, options: RouteOptions = {}): Hook {
  const required = requirementsOf(options);
  return async (request, reply) => {
    const verdict = await verifier.verifyCredentials(credentialsOfNode(request.raw), required);
    if (verdict.kind === "accepted") {
      request.hallpass = verdict;
      return undefined;
    }
    const { status, headers, body } = replyTo(verdict);
    return reply.code(status).headers(headers).send(body);
  };
}

export interface PluginOptions extends RouteOptions {
  readonly verifier: Verifier;
}

/** For `register`: every route of the scope in which it is registered asks this much, those registered before it too. */
export async function hallpassPlugin(app: FastifyInstance, { verifier, ...options }: PluginOptions): Promise<void> {
  app.addHook("onRequest", hallpass(verifier, options));
}

// Without it the hook would stand in a scope of its own, where there is no route (Fastify, "Plugins": skip-override).
Object.defineProperty(hallpassPlugin, Symbol.for("skip-override"), { value: true });
