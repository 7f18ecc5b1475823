// What is done to a wall clock, as libfaketime reads it.

export interface Shift {
  readonly name: string;
  readonly text: () => string;
  /** By how much whoever has the clock is off then, in milliseconds; 0 where it is not much. */
  readonly offMs: number;
  /** Verifiers are heard again under the wrong clock before anything is revoked. */
  readonly settles: boolean;
}

const DAY = 86_400;
const SIZES: readonly (readonly [name: string, seconds: number])[] = [
  ["1 s", 1],
  ["30 s", 30],
  ["1 h", 3600],
  ["1 day", DAY],
  ["1 year", 365 * DAY],
  ["10 years", 3650 * DAY],
];

/** Of these some are enough where time is short. */
export const FEW: ReadonlySet<string> = new Set([
  "1 h ahead",
  "10 years ahead",
  "10 years back",
  "10 % fast",
  "frozen",
]);

export const SHIFTS: readonly Shift[] = [
  ...SIZES.flatMap(([name, seconds]) => [
    { name: `${name} ahead`, text: () => `+${seconds}`, offMs: seconds * 1000, settles: false },
    { name: `${name} back`, text: () => `-${seconds}`, offMs: -seconds * 1000, settles: false },
  ]),
  { name: "10 % fast", text: () => "+0 x1.1", offMs: 0, settles: true },
  { name: "10 % slow", text: () => "+0 x0.9", offMs: 0, settles: true },
  { name: "frozen", text: () => new Date().toISOString().slice(0, 19).replace("T", " "), offMs: 0, settles: true },
];

export const RIGHT = "+0";
