// Introspection (RFC 7662), for verifiers whose view is too old and for clients that want to know about their own tokens. Accepts a form;
// from a confidential client; judges by the rows themselves; answers `active: false` and nothing else for everything that is not for this
// caller. Whoever asks for a JWT gets the same, signed and addressed to it alone (RFC 9701).

import {
  type ClientCredentials,
  foreseenEnd,
  type Introspected,
  type Introspection,
  introspectToken,
  type LiveAccessToken,
  type LiveRefreshToken,
  numericDate,
  Secret,
} from "@hallpass/core";
import { refuse, text } from "../replies.ts";
import type { Services } from "../services.ts";
import { accepts } from "./accepts.ts";
import { clientOf, judged, type PresentedClient, retryAfter } from "./client-credentials.ts";
import { readForm } from "./client-form.ts";
import type { Answer, Exchange } from "./endpoint.ts";
import { signedJwt } from "./signed-jwt.ts";

const LIMITS = { maxLength: 16_384, maxParameters: 16 };

/** RFC 9701 section 5: `typ` in the header, and the media type below `application/`. */
export const INTROSPECTION_TYPE = "token-introspection+jwt";

/** Of an access token's claims, those that a resource server judges by. */
const SHOWN = "iss sub aud client_id scope iat exp jti sid auth_time acr amr act".split(" ");

/** Nothing is waited for where the store answers at once. */
export function introspect(services: Services, exchange: Exchange): Answer {
  const read = readForm(exchange, LIMITS);
  if (!read.ok) return read.refusal;
  const token = read.form.get("token");
  if (token === undefined) return refuse(exchange, "parameter_missing");
  const proven = clientOf(services, exchange, read.form);
  const asked = (presented: PresentedClient): Answer => {
    if (presented.kind === "refused") return presented.refusal;
    const { credentials } = presented;
    const answer = introspectToken(services, { token: new Secret(token), credentials });
    return answer instanceof Promise
      ? answer.then((told) => answerTo(services, exchange, credentials, told))
      : answerTo(services, exchange, credentials, answer);
  };
  return proven instanceof Promise ? proven.then(asked) : asked(proven);
}

function answerTo(
  services: Services,
  exchange: Exchange,
  credentials: ClientCredentials,
  answer: Awaited<ReturnType<typeof introspectToken>>,
): Answer {
  const isKnown = answer.ok || answer.code !== "client_unauthenticated";
  const refusal = judged(services, exchange, credentials, isKnown);
  if (refusal !== undefined) return refusal;
  if (!answer.ok) return refuse(exchange, answer.code);
  const { found } = answer.value;
  services.observer.introspected(found.kind !== "inactive");
  // Judged first: what is live is answered whoever sends the caller garbage beside it.
  const waitMs = found.kind === "inactive" ? services.limits.takeMiss(answer.value.client) : 0;
  if (waitMs > 0) return refuse(exchange, "introspection_rate_exceeded", retryAfter(waitMs));
  if (!accepts(exchange.request.headers.get("accept"), `application/${INTROSPECTION_TYPE}`))
    return text(exchange, 200, jsonOf(services, found), "application/json");
  const jwt = signed(services, answer.value, toWire(services, found));
  return jwt.then((signedText) => text(exchange, 200, signedText, `application/${INTROSPECTION_TYPE}`));
}

/** Of an access token it follows from the claims alone, and the same claims are asked about again and again: they are what was read of its text. */
const written = new WeakMap<LiveAccessToken["claims"], string>();

function jsonOf(services: Services, found: Introspected): string {
  if (found.kind !== "access") return JSON.stringify(toWire(services, found));
  const { claims } = found.token;
  const known = written.get(claims);
  if (known !== undefined) return known;
  const json = JSON.stringify(toWire(services, found));
  written.set(claims, json);
  return json;
}

function toWire(services: Services, found: Introspected): object {
  switch (found.kind) {
    case "inactive":
      return { active: false };
    case "access":
      return { active: true, token_type: "Bearer", ...ofAccess(found.token) };
    case "session":
      // Everything that an access token of this moment would say: the verifier has no other source, and remembers it until `exp`.
      return { ...found.token.claims, active: true, token_type: "Bearer" };
    case "refresh":
      return { active: true, iss: services.issuer.url, ...ofRefresh(found.token) };
  }
}

function ofAccess({ claims }: LiveAccessToken): object {
  return Object.fromEntries(
    SHOWN.flatMap((name) => (claims.all[name] === undefined ? [] : [[name, claims.all[name]]])),
  );
}

/** Without `token_type` (RFC 6749 section 7.1 has none for it) and without `aud`: no resource server may take it for its own. */
function ofRefresh({ session, family }: LiveRefreshToken): object {
  return {
    sub: session.subject,
    client_id: family.client,
    ...(family.scope.length === 0 ? {} : { scope: family.scope.join(" ") }),
    exp: numericDate(foreseenEnd(session)),
    sid: session.id,
  };
}

/** RFC 9701 section 5: neither `sub` nor `exp` of its own, so that nobody takes it for the token. */
function signed(services: Services, { signer, client, at }: Introspection, body: object): Promise<string> {
  const payload = { iss: services.issuer.url, aud: client, iat: numericDate(at), token_introspection: body };
  return signedJwt(signer, INTROSPECTION_TYPE, payload);
}
