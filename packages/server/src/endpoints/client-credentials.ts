// How a client says who it is (RFC 6749 section 2.3, RFC 7521 section 4.2): a secret in the Basic header or in the form, an assertion that it
// signed, or none with its client_id in the form. Exactly one of them; whether it is the registered one, and whether it fits, is for core.

import { type ClientAuthentication, type ClientCredentials, parseClientId, Secret } from "@hallpass/core";
import { type Form, parseBasic } from "@hallpass/protocol";
import type { Services } from "../services.ts";
import type { WireCode } from "../wire-errors.ts";
import { ASSERTION_TYPE, proveClient } from "./assertions/prove-client.ts";

/** The metadata and the registration are made from it. */
export const AUTHENTICATION_METHODS: readonly ClientAuthentication[] = [
  "none",
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
];

export type PresentedClient =
  | { readonly kind: "client"; readonly credentials: ClientCredentials }
  | { readonly kind: "refused"; readonly code: WireCode };

const UNAUTHENTICATED: PresentedClient = { kind: "refused", code: "client_unauthenticated" };

/** Only an assertion needs to wait: its key is looked up, and its name is used up. Throws Faults then. */
export function clientOf(
  services: Services,
  authorization: string | null,
  form: Form,
): PresentedClient | Promise<PresentedClient> {
  const isAsserted = form.has("client_assertion") || form.has("client_assertion_type");
  const secret = form.get("client_secret");
  const ways = [authorization !== null, secret !== undefined, isAsserted].filter(Boolean).length;
  if (ways > 1) return refused("two_client_authentications");
  if (isAsserted) return byAssertion(services, form);
  if (authorization !== null) return byHeader(authorization, form);
  const clientId = parseClientId(form.get("client_id") ?? "");
  if (clientId === undefined) return UNAUTHENTICATED;
  if (secret === undefined) return { kind: "client", credentials: { method: "none", clientId } };
  return { kind: "client", credentials: { method: "client_secret_post", clientId, secret: new Secret(secret) } };
}

function byHeader(authorization: string, form: Form): PresentedClient {
  const header = parseBasic(authorization);
  if (header.kind !== "basic") return UNAUTHENTICATED;
  if (names(form, header.clientId)) return refused("client_id_differs");
  const clientId = parseClientId(header.clientId);
  if (clientId === undefined) return UNAUTHENTICATED;
  const credentials = { method: "client_secret_basic", clientId, secret: new Secret(header.clientSecret) } as const;
  return { kind: "client", credentials };
}

async function byAssertion(services: Services, form: Form): Promise<PresentedClient> {
  const assertion = form.get("client_assertion");
  if (assertion === undefined || form.get("client_assertion_type") !== ASSERTION_TYPE) return UNAUTHENTICATED;
  const credentials = await proveClient(services, assertion, form.get("client_id"));
  return credentials === undefined ? UNAUTHENTICATED : { kind: "client", credentials };
}

/** Whether the form names another client. */
function names(form: Form, clientId: string): boolean {
  const named = form.get("client_id");
  return named !== undefined && named !== clientId;
}

function refused(code: WireCode): PresentedClient {
  return { kind: "refused", code };
}
