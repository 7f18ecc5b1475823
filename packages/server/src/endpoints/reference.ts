// GET /reference/refusals: what the codes mean, as this version means them. Every error links here.

import { type Reply, text } from "../replies.ts";
import type { Services } from "../services.ts";
import { FAULT_TITLES, MEMBER_CODES, WIRE_ERRORS } from "../wire-errors.ts";
import type { Exchange } from "./endpoint.ts";

export function refusals(_: Services, exchange: Exchange): Reply {
  return text(exchange, 200, PAGE, "text/html; charset=utf-8", { "content-security-policy": "default-src 'none'" });
}

const rows = [
  ...Object.entries(WIRE_ERRORS).map(([code, { status, title }]) => ({ code, status, title })),
  ...Object.entries(FAULT_TITLES).map(([code, title]) => ({ code, status: 503, title })),
  { code: "defect", status: 500, title: "Something went wrong in the server." },
];

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Refusals</title><h1>Refusals</h1>
<dl>
${rows.map(({ code, status, title }) => `<dt id="${code}"><code>${code}</code> ${status}</dt><dd>${title}</dd>`).join("\n")}
</dl>
<h2>Codes of a member, in the errors of request_invalid</h2>
<dl>
${Object.entries(MEMBER_CODES)
  .map(([code, title]) => `<dt><code>${code}</code></dt><dd>${title}</dd>`)
  .join("\n")}
</dl>
</html>
`;
