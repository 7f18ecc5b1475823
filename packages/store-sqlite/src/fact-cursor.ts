// Where a reader of the facts goes on: the place of the last one that it has seen, in decimal.

/** Throws a RangeError for a text that is no cursor of this store. */
export function placeOfCursor(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new RangeError("not a cursor of this store");
  return Number(text);
}
