// Why no answer came, in words that say what to look at: nobody listens, TLS that did not come about, or nothing that can be told apart.

import { Complaint } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";

/** `unknown` is what to say where the request may have arrived. */
export function noAnswer(url: string, cause: unknown, unknown: string | undefined): Complaint {
  const codes = codesOf(cause);
  if (codes.some((code) => code === "ECONNREFUSED" || code === "ENOTFOUND"))
    return complaint(`nobody answers at ${url}`, "start it with: hallpass serve, or name another with --url");
  if (codes.includes("ERR_TLS_CERT_ALTNAME_INVALID"))
    return complaint(
      `the certificate at ${url} is for another name`,
      "name the server as its certificate does: --url or HALLPASS_URL; nothing was sent",
    );
  if (codes.some((code) => code.startsWith("ERR_SSL_")))
    return complaint(
      `${url} does not speak TLS as this program does`,
      "is it a server of plain http? https is ended by a proxy, or needs HALLPASS_TLS_CERTIFICATE_FILE there; nothing was sent",
    );
  const untrusted = codes.find((code) => CERTIFICATE_CODES.has(code));
  if (untrusted !== undefined)
    return complaint(
      `the certificate at ${url} is not trusted (${untrusted})`,
      "an authority of your own is named by NODE_EXTRA_CA_CERTS, a file in PEM; nothing was sent",
    );
  return complaint(`no answer came from ${url}`, unknown ?? "try again");
}

function complaint(what: string, hint: string): Complaint {
  return new Complaint(EXIT.unavailable, what, hint);
}

/** OpenSSL's names of what is wrong with a chain, as Node hands them on. */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "INVALID_PURPOSE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Of a failure and of whatever it was caused by: where a name stands for several addresses, each has failed. */
function codesOf(cause: unknown): readonly string[] {
  if (!(cause instanceof Error)) return [];
  const own = "code" in cause && typeof cause.code === "string" ? [cause.code] : [];
  const below = cause instanceof AggregateError ? cause.errors : [cause.cause];
  return [...own, ...below.flatMap(codesOf)];
}
