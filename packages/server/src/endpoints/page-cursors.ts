// Where a list goes on. A cursor holds a place and a MAC over the tenant, the list and its query: edited, of another query or of another
// tenant, it is refused before anything is read.

import { createHmac, timingSafeEqual } from "node:crypto";
import { type MacKeys, ringKey } from "@hallpass/core";
import { decodeBase64url } from "@hallpass/protocol";
import { z } from "zod";
import type { Services } from "../services.ts";

/** Which list it is, and what was asked for. */
export interface PageQuery {
  readonly list: string;
  readonly about: string;
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
  const shown = bytes.subarray(0, TAG_LENGTH);
  const place = new TextDecoder().decode(bytes.subarray(TAG_LENGTH));
  const mac = await macKeys(services);
  const genuine = mac.kids.some((kid) => timingSafeEqual(shown, tagOf(mac, kid, services, query, place)));
  return genuine ? { ok: true, place } : MALFORMED;
}

export async function sealPage(services: Services, query: PageQuery, place: string | null): Promise<string | null> {
  if (place === null) return null;
  const mac = await macKeys(services);
  const tag = tagOf(mac, mac.currentKid, services, query, place);
  return Buffer.concat([tag, Buffer.from(place, "utf8")]).toString("base64url");
}

function tagOf(mac: MacKeys, kid: number, services: Services, query: PageQuery, place: string): Uint8Array {
  const key = mac.derive(kid, "hallpass/page/1/key");
  if (key === undefined) throw new Error("a server key that the ring names is gone");
  // As JSON, so that no two queries run together.
  const text = JSON.stringify([services.tenant, query.list, query.about, place]);
  return createHmac("sha256", key).update("hallpass/page/1").update(text).digest().subarray(0, TAG_LENGTH);
}

async function macKeys(services: Services): Promise<MacKeys> {
  return services.keys.open(await services.store.read([ringKey(services.tenant)])).mac;
}
