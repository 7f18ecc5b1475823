// What the proxies in front say to show that they are the proxies: an address in their network can be somebody else's, too.

import { createHash, timingSafeEqual } from "node:crypto";
import { envName } from "../config-schema.ts";
import type { ProxySecret } from "./arrivals.ts";
import { readPrivateFile } from "./private-files.ts";

const FORM = /^[\x21-\x7e]{32,256}$/;

/** What compares with it takes the same time wherever they differ. Throws an Error that a person can act on, for a file that is not there or holds no secret. */
export function readProxySecret(path: string): ProxySecret {
  const text = readPrivateFile(path)?.trimEnd();
  if (text === undefined) throw new Error(`${path}, which ${envName("proxy_secret_file")} names, is not there`);
  if (!FORM.test(text))
    throw new Error(
      `${path} has to hold one secret of 32 to 256 visible characters, such as openssl rand -hex 32 prints`,
    );
  const expected = digest(text);
  return (shown) => typeof shown === "string" && timingSafeEqual(digest(shown), expected);
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
