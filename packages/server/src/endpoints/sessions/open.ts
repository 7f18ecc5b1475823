// POST /v1/sessions: opens a session for a subject whom the calling app has authenticated.
// With an Idempotency-Key, a retry gets the same session and the same refresh token.

import {
  type ClientId,
  type Idempotency,
  isEverything,
  type OpenSession,
  openingRows,
  openSession,
  type RowKey,
} from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, refuseMandate, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import { retryAfter } from "../client-credentials.ts";
import type { Along, Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { tokenReply } from "../grants/grant.ts";
import { idempotencyOf } from "../idempotency-key.ts";
import { knownOf, namedPermitted, openingBeyond, refuseAsAbsent } from "../mandates.ts";
import { type ReadBody, readJson } from "../read-json.ts";
import { sessionToWire } from "./session-to-wire.ts";
import { sessionTokenReply } from "./session-token-reply.ts";

const body = z.strictObject({
  subject: fields.subjectId,
  client_id: fields.clientId,
  issue: z
    .array(z.enum(["access", "refresh", "session_token"]))
    .max(3)
    .default(["access", "refresh"]),
  audience: fields.audience.optional(),
  scope: fields.scope.optional(),
  acr: fields.acr.nullish(),
  amr: fields.amr.default([]),
  auth_time: fields.numericDate.nullish(),
  policy: fields.words.optional(),
  remember: z.boolean().default(false),
  parent: fields.sessionId.nullish(),
  replaces: fields.sessionId.nullish(),
  carry_claims: z.boolean().default(false),
  device: fields.device.nullish(),
  claims: fields.claims.default({}),
});

export const openBody: z.ZodType = body;

type Body = z.infer<typeof body>;

/** A request, read once: its key is a hash of all of it. */
interface Asked {
  readonly read: ReadBody<Body>;
  readonly idempotency: ReturnType<typeof idempotencyOf>;
  /** Of a request that was read before its caller was judged. */
  readonly rows?: readonly RowKey[];
}

function askedIn(exchange: Exchange, caller: ClientId): Asked {
  return { read: readJson(exchange, body), idempotency: idempotencyOf(exchange, caller) };
}

export function openAlong(services: Services, exchange: Exchange, caller: ClientId): Along {
  const asked = askedIn(exchange, caller);
  const rows = rowsOf(services, asked);
  return { rows, answer: (...given) => opened({ ...asked, rows }, ...given) };
}

function rowsOf(services: Services, { read, idempotency }: Asked): readonly RowKey[] {
  if (!read.ok || idempotency === "malformed") return [];
  const { subject, client_id: client, policy, parent = null } = read.value;
  return openingRows(services, { subject, client, policy, parent, replaces: replacesIn(read.value), idempotency });
}

export function open(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  return opened(askedIn(exchange, caller.token.client), services, exchange, caller);
}

async function opened(
  { read, idempotency, rows }: Asked,
  services: Services,
  exchange: Exchange,
  caller: Caller,
): Promise<Reply> {
  if (!read.ok) return read.refusal;
  if (idempotency === "malformed") return refuse(exchange, "idempotency_key_malformed");
  const waitMs = services.limits.takeSession(caller.token.client);
  if (waitMs > 0) return refuse(exchange, "session_rate_exceeded", retryAfter(waitMs));
  const asked = requestOf(read.value, caller, idempotency);
  // Of whoever may do everything nothing is asked, and nothing is waited for.
  const refusal = isEverything(caller.mandate) ? undefined : await refuseBeyond(services, exchange, caller, asked);
  if (refusal !== undefined) return refusal;
  const done = await openSession(services, asked, rows);
  if (!done.ok) return refuse(exchange, done.code);
  const { session, tokens, evicted, replayed } = done.value;
  services.observer.issued("session");
  const { access, refresh } = tokens;
  if (access !== null) services.observer.tokenSize(access.size);
  const issued =
    access === null
      ? refresh === null
        ? {}
        : { refresh_token: refresh.reveal() }
      : tokenReply(access, refresh, tokens.scope);
  const seen = sessionToWire({ session, version: 1, standing: session.state });
  const known = await knownOf(services, caller, evicted);
  return reply(
    exchange,
    replayed ? 200 : 201,
    { session: seen, evicted: known, ...issued, ...sessionTokenReply(services, session, tokens.sessionToken) },
    { location: `/v1/sessions/${session.id}` },
  );
}

async function refuseBeyond(
  services: Services,
  exchange: Exchange,
  caller: Caller,
  asked: OpenSession,
): Promise<Reply | undefined> {
  const beyond = await openingBeyond(services, caller, asked);
  if (beyond !== undefined) return refuseMandate(exchange, beyond);
  if (!(await namedPermitted(services, caller, asked.replaces?.session)))
    return refuseAsAbsent(exchange, "replaced_not_found");
  if (!(await namedPermitted(services, caller, asked.parent))) return refuseAsAbsent(exchange, "parent_not_found");
  return undefined;
}

function replacesIn({ replaces, carry_claims: carryClaims }: Body): OpenSession["replaces"] {
  return replaces == null ? null : { session: replaces, carryClaims };
}

function requestOf(value: Body, caller: Caller, idempotency: Idempotency | null): OpenSession {
  return {
    subject: value.subject,
    client: value.client_id,
    issue: {
      access: value.issue.includes("access"),
      refresh: value.issue.includes("refresh"),
      sessionToken: value.issue.includes("session_token"),
    },
    audience: value.audience,
    scope: value.scope,
    acr: value.acr ?? null,
    amr: value.amr,
    authTime: value.auth_time ?? null,
    policy: value.policy,
    remember: value.remember,
    parent: value.parent ?? null,
    replaces: replacesIn(value),
    device: value.device ?? null,
    claims: value.claims,
    actor: caller.actor,
    idempotency,
  };
}
