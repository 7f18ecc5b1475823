// What programs of drills are told by numbers.

/** Of an argument; throws for anything else than 1 to 999,999,999 in decimal. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`"${text}" is no whole number from 1 to 999999999`);
  return Number(text);
}
