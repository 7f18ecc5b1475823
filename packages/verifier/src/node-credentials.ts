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
    origin: valuesOf("origin")[0] ?? null,
    fetchSite: valuesOf("sec-fetch-site")[0] ?? null,
    upgrade: valuesOf("upgrade").length > 0,
  };
}
