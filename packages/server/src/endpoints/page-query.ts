// `cursor` and `limit` of a list that is asked for with GET.

import type { Form } from "@hallpass/protocol";
import { DEFAULT_PAGE } from "./page-cursors.ts";

export const PAGE_QUERY = ["cursor", "limit"] as const;

const LIMIT = /^[1-9]\d{0,2}$/;
const MOST = 200;

/** Undefined for a limit that is no number from 1 to 200. */
export function pageQuery(query: Form): { readonly cursor: string | undefined; readonly limit: number } | undefined {
  const text = query.get("limit");
  if (text === undefined) return { cursor: query.get("cursor"), limit: DEFAULT_PAGE };
  const limit = LIMIT.test(text) ? Number(text) : 0;
  return limit < 1 || limit > MOST ? undefined : { cursor: query.get("cursor"), limit };
}
