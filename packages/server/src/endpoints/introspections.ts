// POST /v1/introspections: many tokens at once, judged on one snapshot. For those who may read sessions, so it shows whose each token is;
// what lies outside of the caller's mandate is inactive.

import { introspectMany, type JudgedToken, permits, permitsAll } from "@hallpass/core";
import { formatPosition, MAX_ACCESS_TOKEN_LENGTH } from "@hallpass/protocol";
import { z } from "zod";
import { type Reply, reply } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Caller, Exchange } from "./endpoint.ts";
import { sessionPermitted } from "./mandates.ts";
import { readJson } from "./read-json.ts";

export const introspectionsBody: z.ZodType<{ readonly tokens: readonly string[] }> = z.strictObject({
  tokens: z.array(z.string().min(1).max(MAX_ACCESS_TOKEN_LENGTH)).min(1).max(64),
});

const INACTIVE = { active: false };

export async function introspections(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, introspectionsBody);
  if (!read.ok) return read.refusal;
  const { at, pos, found } = await introspectMany(services, read.value.tokens);
  for (const { kind } of found) services.observer.introspected(kind === "access" || kind === "session");
  const results = found.map((one) => toWire(caller, one));
  return reply(exchange, 200, { as_of_ms: at, pos: formatPosition(pos), results });
}

function toWire({ mandate }: Caller, found: JudgedToken): object {
  switch (found.kind) {
    case "inactive":
      return INACTIVE;
    case "superseded": {
      const { session } = found;
      return sessionPermitted(mandate, session) ? { ...INACTIVE, superseded: { sid: session.id } } : INACTIVE;
    }
    case "session": {
      const { session, claims } = found.token;
      return sessionPermitted(mandate, session)
        ? { ...claims, active: true, token_type: "Bearer", kind: "session_token" }
        : INACTIVE;
    }
    case "access": {
      const { claims, client } = found.token;
      return permits(mandate.subjects, claims.sub) && permitsAll(mandate.clients, [client])
        ? { ...claims.all, active: true, token_type: "Bearer", kind: "access_token" }
        : INACTIVE;
    }
  }
}
