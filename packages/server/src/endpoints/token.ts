// The token endpoint (RFC 6749 section 3.2). Accepts a form in one reading only; from a client that authenticates in one way only;
// calls the operation of the grant. Malformed requests are refused before anything is looked up: they use nothing up.

import type { Form } from "@hallpass/protocol";
import { refuse } from "../replies.ts";
import type { Services } from "../services.ts";
import { clientOf, type PresentedClient } from "./client-credentials.ts";
import { readForm } from "./client-form.ts";
import type { Answer, Exchange } from "./endpoint.ts";
import { parseResource } from "./fields.ts";
import { GRANTS } from "./grants/index.ts";

const LIMITS = { maxLength: 16_384, maxParameters: 64, repeatable: ["resource"] };

export function token(services: Services, exchange: Exchange): Answer {
  const read = readForm(exchange, LIMITS);
  if (!read.ok) return read.refusal;
  const { form } = read;
  const type = form.get("grant_type");
  if (type === undefined) return refuse(exchange, "grant_type_missing");
  const grant = GRANTS.get(type);
  if (grant === undefined) return refuse(exchange, "grant_type_unsupported");
  const audience = resourcesOf(form);
  if (audience === "malformed") return refuse(exchange, "resource_malformed");
  const granted = (client: PresentedClient): Answer =>
    client.kind === "refused"
      ? client.refusal
      : grant.answer(services, exchange, { form, credentials: client.credentials, audience });
  // Only an assertion has to be waited for.
  const client = clientOf(services, exchange, form, grant.secrets);
  return client instanceof Promise ? client.then(granted) : granted(client);
}

/** RFC 8707: each an absolute URI without fragment, none twice. */
function resourcesOf(form: Form): readonly string[] | undefined | "malformed" {
  const all = form.getAll("resource");
  if (all.length === 0) return undefined;
  const whole = all.every((one) => parseResource(one) !== undefined) && new Set(all).size === all.length;
  return whole ? all : "malformed";
}
