// The body of every endpoint under /oauth2: one form, in one reading, with a token in it. Refused before anything is looked up.

import { type Form, type FormLimits, isMediaType, parseForm } from "@hallpass/protocol";
import { type Reply, refuse } from "../replies.ts";
import type { Exchange } from "./endpoint.ts";

export type ReadForm = { readonly ok: true; readonly form: Form } | { readonly ok: false; readonly refusal: Reply };

const FORM = "application/x-www-form-urlencoded";

export function readForm(exchange: Exchange, limits: FormLimits): ReadForm {
  if (!isMediaType(exchange.request.headers.get("content-type"), FORM))
    return { ok: false, refusal: refuse(exchange, "form_required") };
  const parsed = parseForm(exchange.body, limits);
  return parsed.ok ? parsed : { ok: false, refusal: refuse(exchange, parsed.code) };
}
