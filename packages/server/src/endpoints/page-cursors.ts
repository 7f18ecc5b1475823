// Where a list goes on. A cursor holds a place and a MAC over the tenant, the list and its query: edited, of another query or of another
// tenant, it is refused before anything is read. Anybody can read the place, unless the list hides it.

import { createCipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { type MacKeys, ringKey } from "@hallpass/core";
import { decodeBase64url } from "@hallpass/protocol";
import { z } from "zod";
import type { Services } from "../services.ts";

/** Which list it is, and what was asked for. */
export interface PageQuery {
  readonly list: string;
  readonly about: string;
  /** Where a place may be the name of something that is not there for the caller: then nobody can read it in the cursor. */
  readonly hides?: boolean;
}

export const pageLimit: z.ZodType<number> = z.int().min(1).max(200);
export const DEFAULT_PAGE = 50;
const TAG_LENGTH = 16;
const LONGEST = 1024;

/** Where a page begins: null at the start. */
export type OpenedPage = { readonly ok: true; readonly place: string | null } | { readonly ok: false };

const MALFORMED: OpenedPage = { ok: false };

/** Not ok for everything that no server key has tagged for this query. */
export async function openPage(services: Services, query: PageQuery, cursor: string | undefined): Promise<OpenedPage> {
  if (cursor === undefined) return { ok: true, place: null };
  const bytes = cursor.length > LONGEST ? undefined : decodeBase64url(cursor);
  if (bytes === undefined || bytes.length <= TAG_LENGTH) return MALFORMED;
  const [shown, rest] = [bytes.subarray(0, TAG_LENGTH), bytes.subarray(TAG_LENGTH)];
  const mac = await macKeys(services);
  // Either way, whatever the list does now: a mandate may have changed between two pages, and an earlier release hid nothing.
  for (const hidden of [false, true])
    for (const kid of mac.kids) {
      const place = new TextDecoder().decode(hidden ? crypt(mac, kid, shown, rest) : rest);
      if (timingSafeEqual(shown, tagOf(mac, kid, services, { ...query, hides: hidden }, place)))
        return { ok: true, place };
    }
  return MALFORMED;
}

export async function sealPage(services: Services, query: PageQuery, place: string | null): Promise<string | null> {
  if (place === null) return null;
  const mac = await macKeys(services);
  const tag = tagOf(mac, mac.currentKid, services, query, place);
  const text = Buffer.from(place, "utf8");
  const shown = query.hides === true ? crypt(mac, mac.currentKid, tag, text) : text;
  return Buffer.concat([tag, shown]).toString("base64url");
}

function tagOf(mac: MacKeys, kid: number, services: Services, query: PageQuery, place: string): Uint8Array {
  const key = keyOf(mac, kid, "hallpass/page/1/key");
  // As JSON, so that no two queries run together. Another beginning for what is hidden: or else a cursor with a guess in it would tell whether it is right.
  const text = JSON.stringify([services.tenant, query.list, query.about, place]);
  const scheme = query.hides === true ? "hallpass/page/1/hidden" : "hallpass/page/1";
  return createHmac("sha256", key).update(scheme).update(text).digest().subarray(0, TAG_LENGTH);
}

/** There and back. The tag is one of the place, so that two places never share a stream of the cipher. */
function crypt(mac: MacKeys, kid: number, tag: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createCipheriv("aes-256-ctr", keyOf(mac, kid, "hallpass/page/1/seal"), tag).update(bytes);
}

function keyOf(mac: MacKeys, kid: number, info: string): Uint8Array {
  const key = mac.derive(kid, info);
  if (key === undefined) throw new Error("a server key that the ring names is gone");
  return key;
}

async function macKeys(services: Services): Promise<MacKeys> {
  return services.keys.open(await services.store.read([ringKey(services.tenant)])).mac;
}
