// How a client says who it is (RFC 6749 section 2.3, RFC 7521 section 4.2): a secret in the Basic header or in the form, an assertion that it
// signed, a certificate of its connection or nothing with its client_id in the form. Exactly one of them; whether it is the registered one, and whether it fits, is for core.

import { type ClientAuthentication, type ClientCredentials, parseClientId, Secret, wholeMark } from "@hallpass/core";
import { type Form, parseBasic, parseCompactJws } from "@hallpass/protocol";
import { type Reply, refuse } from "../replies.ts";
import type { Services } from "../services.ts";
import type { WireCode } from "../wire-errors.ts";
import { ASSERTION_TYPE, proveClient } from "./assertions/prove-client.ts";
import type { Exchange } from "./endpoint.ts";

/** The metadata and the registration are made from it. */
export const AUTHENTICATION_METHODS: readonly ClientAuthentication[] = [
  "none",
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
  "tls_client_auth",
];

export type PresentedClient =
  | { readonly kind: "client"; readonly credentials: ClientCredentials }
  | { readonly kind: "refused"; readonly refusal: Reply };

/**
 * Only an assertion needs to wait: its key is looked up, and its name is used up. Throws Faults then. Whoever failed too often is refused
 * before anything of it is looked at, but for a secret that is `open`; what the operation then finds of a secret is told by `judged`.
 */
export function clientOf(
  services: Services,
  exchange: Exchange,
  form: Form,
  secrets: "guarded" | "open" = "guarded",
): PresentedClient | Promise<PresentedClient> {
  const authorization = exchange.request.headers.get("authorization");
  const isAsserted = form.has("client_assertion") || form.has("client_assertion_type");
  const secret = form.get("client_secret");
  const isSecret = authorization !== null || secret !== undefined;
  if ((authorization !== null && secret !== undefined) || (isSecret && isAsserted))
    return refused(exchange, "two_client_authentications");
  if (isAsserted) return byAssertion(services, exchange, form, secrets);
  if (authorization !== null) return byHeader(services, exchange, authorization, form, secrets);
  const clientId = parseClientId(form.get("client_id") ?? "");
  if (clientId === undefined) return refused(exchange, "client_unauthenticated");
  if (secret === undefined) {
    const shown = exchange.request.certificate?.();
    const credentials = { method: "none", clientId, ...(shown === undefined ? {} : { shown }) } as const;
    return { kind: "client", credentials };
  }
  const credentials = { method: "client_secret_post", clientId, secret: new Secret(secret) } as const;
  return admitted(services, exchange, credentials, secrets);
}

/**
 * What is answered to whom an operation has judged: undefined for a client that it knew. A wrong secret counts against the client's name and the
 * address; a client without one has nothing that could be guessed, and is not counted.
 */
export function judged(
  services: Services,
  exchange: Exchange,
  { method, clientId }: Pick<ClientCredentials, "method" | "clientId">,
  isKnown: boolean,
): Reply | undefined {
  if (method === "none") return isKnown ? undefined : refuse(exchange, "client_unauthenticated");
  const { authentications } = services.limits;
  if (!isKnown) {
    const ms = authentications.failed(clientId, exchange.peer);
    return ms > 0
      ? refuse(exchange, "authentication_rate_exceeded", retryAfter(ms))
      : refuse(exchange, "client_unauthenticated");
  }
  authentications.succeeded(clientId, exchange.peer);
  return undefined;
}

/** RFC 9110 section 10.2.3: whole seconds, and never none. */
export function retryAfter(ms: number): Readonly<Record<"retry-after", string>> {
  return { "retry-after": String(Math.max(1, Math.ceil(ms / 1000))) };
}

function byHeader(
  services: Services,
  exchange: Exchange,
  authorization: string,
  form: Form,
  secrets: "guarded" | "open",
): PresentedClient {
  // The rows still judge it: a secret or a client that is taken away takes effect at once.
  const mark = wholeMark(authorization);
  const recognized = services.keys.latest()?.mac.headers.get(mark);
  if (recognized !== undefined && !names(form, recognized.clientId)) {
    const { clientId } = recognized;
    const secret = new Secret(() => secretIn(authorization));
    return admitted(services, exchange, { method: "client_secret_basic", clientId, secret, recognized }, secrets);
  }
  const header = parseBasic(authorization);
  if (header.kind !== "basic") return refused(exchange, "client_unauthenticated");
  if (names(form, header.clientId)) return refused(exchange, "client_id_differs");
  const clientId = parseClientId(header.clientId);
  if (clientId === undefined) return refused(exchange, "client_unauthenticated");
  const secret = new Secret(header.clientSecret);
  const credentials = { method: "client_secret_basic", clientId, secret, mark } as const;
  return admitted(services, exchange, credentials, secrets);
}

/** Of a header that was read before. */
function secretIn(authorization: string): string {
  const header = parseBasic(authorization);
  return header.kind === "basic" ? header.clientSecret : "";
}

async function byAssertion(
  services: Services,
  exchange: Exchange,
  form: Form,
  secrets: "guarded" | "open",
): Promise<PresentedClient> {
  const assertion = form.get("client_assertion");
  if (assertion === undefined || form.get("client_assertion_type") !== ASSERTION_TYPE)
    return refused(exchange, "client_unauthenticated");
  const named = form.get("client_id");
  const clientId = subjectOf(assertion);
  if (clientId === undefined) return refused(exchange, "client_unauthenticated");
  const ms = secrets === "open" ? 0 : services.limits.authentications.wait(clientId, exchange.peer);
  if (ms > 0) return refused(exchange, "authentication_rate_exceeded", ms);
  const credentials = await proveClient(services, assertion, named);
  const refusal = judged(services, exchange, { method: "private_key_jwt", clientId }, credentials !== undefined);
  if (refusal !== undefined) return { kind: "refused", refusal };
  return credentials === undefined ? refused(exchange, "client_unauthenticated") : { kind: "client", credentials };
}

/** In whose name an assertion is presented; nothing of it is verified. */
function subjectOf(assertion: string): ReturnType<typeof parseClientId> {
  const jws = parseCompactJws(assertion);
  const sub: unknown = jws.ok ? jws.payload["sub"] : undefined;
  return typeof sub === "string" ? parseClientId(sub) : undefined;
}

function admitted(
  services: Services,
  exchange: Exchange,
  credentials: ClientCredentials,
  secrets: "guarded" | "open",
): PresentedClient {
  if (secrets === "open") return { kind: "client", credentials };
  const ms = services.limits.authentications.wait(credentials.clientId, exchange.peer);
  return ms > 0 ? refused(exchange, "authentication_rate_exceeded", ms) : { kind: "client", credentials };
}

/** Whether the form names another client. */
function names(form: Form, clientId: string): boolean {
  const named = form.get("client_id");
  return named !== undefined && named !== clientId;
}

function refused(exchange: Exchange, code: WireCode, waitMs?: number): PresentedClient {
  const more = waitMs === undefined ? undefined : retryAfter(waitMs);
  return { kind: "refused", refusal: refuse(exchange, code, more) };
}
