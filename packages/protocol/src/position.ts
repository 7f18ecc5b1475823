// A place in the order of notices (spec/positions.md).

export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

const ZERO = 0x30;
const MOST_DIGITS = 16;

/** Parses `<epoch>.<seq>`; undefined for anything else, a reserved third number included. */
export function parsePosition(text: string): Position | undefined {
  const dot = text.length <= 2 * MOST_DIGITS + 1 ? text.indexOf(".") : -1;
  if (dot < 0) return undefined;
  const epoch = wholeNumber(text, 0, dot);
  const seq = wholeNumber(text, dot + 1, text.length);
  return epoch > 0 && seq >= 0 ? { epoch, seq } : undefined;
}

/** Negative unless there are only digits, without leading zeros, of a number that can be told from its neighbours. */
function wholeNumber(text: string, from: number, to: number): number {
  const digits = to - from;
  if (digits < 1 || digits > MOST_DIGITS || (digits > 1 && text.charCodeAt(from) === ZERO)) return -1;
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return Number.isSafeInteger(number) ? number : -1;
}

export function formatPosition(pos: Position): string {
  return `${pos.epoch}.${pos.seq}`;
}

/** Negative, zero or positive, as `a` lies before, at or after `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

export function isBefore(a: Position, b: Position): boolean {
  return comparePositions(a, b) < 0;
}
