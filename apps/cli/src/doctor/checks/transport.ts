// How the server is reached.

import { type Check, failure, given, right, warning } from "../check.ts";

const DAY_MS = 86_400_000;
const RENEW_WITHIN_DAYS = 14;
const CLOCK_LIMIT_MS = 2000;

export const TRANSPORT_CHECKS: readonly Check[] = [
  {
    id: "issuer",
    list: "pre-production",
    title: "The issuer is an https origin",
    why: "Tokens, secrets and cookies would travel in the clear (RFC 8414 section 2).",
    mend: "set HALLPASS_ISSUER to the https origin under which clients reach the server",
    judge: ({ issuer }) => given(issuer, (url) => (url.startsWith("https://") ? right(url) : failure(url))),
  },
  {
    id: "certificate",
    list: "pre-production",
    title: `The certificate is trusted, and for ${RENEW_WITHIN_DAYS} days more`,
    why: "When it runs out, every client and verifier loses the server at once.",
    mend: "get one for the name that is asked, from an authority that the callers trust; a file named by HALLPASS_TLS_CERTIFICATE_FILE is taken up without a restart",
    judge: ({ certificate, now_ms: now }) =>
      given(certificate, ({ problem, valid_to_ms: until }) => {
        if (problem !== null) return failure(problem);
        const days = Math.floor((until - now) / DAY_MS);
        if (until <= now) return failure("it has run out");
        return days < RENEW_WITHIN_DAYS ? warning(`valid for ${days} d more`) : right(`valid for ${days} d more`);
      }),
  },
  {
    id: "tls-version",
    list: "pre-production",
    title: "Nothing before TLS 1.2 is spoken",
    why: "TLS 1.0 and 1.1 are deprecated (RFC 8996).",
    mend: "raise the minimum version at the proxy in front",
    judge: ({ oldTls }) =>
      given(oldTls, (spoken) => (spoken ? failure("TLS 1.1 or 1.0 was accepted") : right("TLS 1.1 was refused"))),
  },
  {
    id: "headers",
    list: "pre-production",
    title: "A header of 8 KB reaches the server",
    why: "Tokens and cookies grow; a proxy that refuses them answers with errors that no client understands.",
    mend: "raise the proxy's limit: large_client_header_buffers in nginx, tune.bufsize in HAProxy",
    judge: ({ headers }) =>
      given(headers, ({ plain, large }) =>
        plain === large
          ? right("answered like a request without it")
          : failure(`answered with ${large}, otherwise ${plain}`),
      ),
  },
  {
    id: "clock",
    list: "production",
    title: "The server's clock agrees with this machine's",
    why: "Tokens are born and die by it.",
    mend: "run NTP on both",
    judge: ({ clock }) =>
      given(clock, ({ ahead_ms: ahead, within_ms: within }) => {
        const what = `${Math.round(ahead)} ms off, give or take ${Math.round(within)} ms`;
        return Math.abs(ahead) - within > CLOCK_LIMIT_MS ? warning(what) : right(what);
      }),
  },
  {
    id: "ready",
    list: "production",
    title: "The server is ready",
    why: "Its store answers and its keys can be read, or nobody gets a token.",
    mend: "read the server's log",
    judge: ({ ready }) =>
      given(ready, (status) => {
        if (status === null) return failure("no connection came about");
        return status === 200 ? right("/readyz answers 200") : failure(`/readyz answers ${status}`);
      }),
  },
];
