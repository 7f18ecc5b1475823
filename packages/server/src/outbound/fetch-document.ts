// Fetches a small document from an address that a stranger chose. https only, no redirect, no credentials, nothing kept open; the address is
// judged after the name was resolved and is the one that is connected to, so that a name can't change its mind in between.

import { type LookupAddress, lookup } from "node:dns";
import { request } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Scheduler } from "@hallpass/core";
import type { Networks } from "./networks.ts";
import { isPublicAddress } from "./public-address.ts";

export interface FetchOptions {
  /** Where to go besides public addresses. */
  readonly also: Networks;
  /** Certificates to trust instead of the well-known ones. */
  readonly ca?: string;
  /** Milliseconds for all of it. */
  readonly limitMs: number;
  readonly scheduler: Scheduler;
  readonly maxBytes: number;
  /** How names are resolved; that of the system unless a test says otherwise. */
  readonly resolve?: typeof lookup;
}

/** Rejects for everything but a whole 200 of the accepted type within the limits. What it rejects with is for the log. */
export function fetchDocument(uri: string, accept: readonly string[], options: FetchOptions): Promise<string> {
  const { also, ca, limitMs, maxBytes, scheduler, resolve: resolveName = lookup } = options;
  const url = new URL(uri);
  if (url.protocol !== "https:" || url.username !== "" || url.password !== "")
    return Promise.reject(new Error("it is no https address"));
  const mayReach = (address: string): boolean => isPublicAddress(address) || also.contain(address);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  // An address is connected to without a look-up.
  if (isIP(host) !== 0 && !mayReach(host)) return Promise.reject(new Error("its address is not public"));
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method: "GET",
      agent: false,
      headers: { accept: accept.join(", "), "user-agent": "hallpass" },
      lookup: guarded(resolveName, mayReach),
      maxHeaderSize: 16_384,
      ...(ca === undefined ? {} : { ca }),
    });
    // Said first: what was cut off may look whole.
    const fail = (why: string): void => {
      reject(new Error(why));
      asked.destroy();
    };
    const cancel = scheduler.after(limitMs, () => fail("it took too long"));
    asked.on("error", reject);
    asked.on("close", cancel);
    asked.on("response", (response) => {
      const type = response.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
      const encoding = response.headers["content-encoding"];
      if (response.statusCode !== 200 || encoding !== undefined || !accept.includes(type))
        return fail("it did not answer with the document");
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) fail("the document is too large");
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    });
    asked.end();
  });
}

/** Every address that the name has must be one that may be reached: a name with one foot inside is not connected to at all. */
function guarded(resolveName: typeof lookup, mayReach: (address: string) => boolean): LookupFunction {
  return (name, options, done) => {
    resolveName(name, { ...options, all: true }, (error, addresses: readonly LookupAddress[]) => {
      if (error !== null) return done(error, "", 4);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => mayReach(address)))
        return done(new Error("its address is not public"), "", 4);
      return options.all === true ? done(null, [...addresses]) : done(null, first.address, first.family);
    });
  };
}
