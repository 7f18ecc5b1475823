// How a client says who it is (RFC 6749 section 2.3): client_secret_basic, or none with its client_id in the form. Exactly one of them;
// whether it is the registered one, and whether the secret fits, is for core.

import { type ClientCredentials, parseClientId, Secret } from "@hallpass/core";
import { type Form, parseBasic } from "@hallpass/protocol";
import type { WireCode } from "../wire-errors.ts";

export type PresentedClient =
  | { readonly kind: "client"; readonly credentials: ClientCredentials }
  | { readonly kind: "refused"; readonly code: WireCode };

export function clientOf(authorization: string | null, form: Form): PresentedClient {
  const header = parseBasic(authorization);
  const inBody = form.has("client_secret") || form.has("client_assertion") || form.has("client_assertion_type");
  if (header.kind !== "absent" && inBody) return refused("two_client_authentications");
  // Neither is offered: a client that tries one of them is not the client it says it is.
  if (inBody || header.kind === "malformed" || header.kind === "other_scheme") return refused("client_unauthenticated");
  const named = form.get("client_id");
  if (header.kind === "absent") {
    const clientId = named === undefined ? undefined : parseClientId(named);
    if (clientId === undefined) return refused("client_unauthenticated");
    return { kind: "client", credentials: { method: "none", clientId } };
  }
  if (named !== undefined && named !== header.clientId) return refused("client_id_differs");
  const clientId = parseClientId(header.clientId);
  if (clientId === undefined) return refused("client_unauthenticated");
  const credentials = { method: "client_secret_basic", clientId, secret: new Secret(header.clientSecret) } as const;
  return { kind: "client", credentials };
}

function refused(code: WireCode): PresentedClient {
  return { kind: "refused", code };
}
