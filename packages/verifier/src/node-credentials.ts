// The credentials of a request as Node's http module parsed it, for adapters of frameworks on top of it. Reads the raw
// headers, because Node keeps only the first of several Authorization headers.

import type { Credentials } from "./request.ts";

/** What of http.IncomingMessage is looked at. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly rawHeaders: readonly string[];
}

export function credentialsOfNode({ method = "GET", rawHeaders }: NodeRequest): Credentials {
  const valuesOf = (name: string): string[] =>
    rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
  return {
    method,
    authorization: valuesOf("authorization"),
    cookie: valuesOf("cookie"),
    origin: soleOf(valuesOf("origin")),
    fetchSite: soleOf(valuesOf("sec-fetch-site")),
    upgrade: valuesOf("upgrade").length > 0,
  };
}

/** Joined as Fetch joins them: two are no origin that anybody has. */
function soleOf(values: readonly string[]): string | null {
  return values.length === 0 ? null : values.join(", ");
}
