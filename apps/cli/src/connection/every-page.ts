// A list that the server hands out in pages, as one.

import { Complaint } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";

interface Page {
  readonly next_cursor: string | null;
}

const MOST_PAGES = 1000;

/** Asks until the server has no more. Throws a complaint for a list that never ends. */
export async function everyPage<P extends Page, Item>(
  fetchPage: (cursor: string | null) => Promise<P>,
  itemsOf: (page: P) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await fetchPage(cursor);
    items.push(...itemsOf(page));
    cursor = page.next_cursor;
    if (cursor === null) return items;
  }
  throw new Complaint(EXIT.unavailable, "the list does not end", "try again");
}

/** The query that asks for the page. */
export function pageQuery(cursor: string | null): string {
  return cursor === null ? "?limit=200" : `?limit=200&cursor=${encodeURIComponent(cursor)}`;
}
