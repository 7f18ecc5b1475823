// A place in the order of notices (spec/positions.md).

export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

const POSITION = /^([1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})$/;

/** Parses `<epoch>.<seq>`; undefined for anything else, a reserved third number included. */
export function parsePosition(text: string): Position | undefined {
  const match = text.length <= 33 ? POSITION.exec(text) : null;
  if (match === null) return undefined;
  const epoch = Number(match[1]);
  const seq = Number(match[2]);
  return Number.isSafeInteger(epoch) && Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
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
