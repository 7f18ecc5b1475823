// What the contract says of each rule.

export interface Told {
  readonly rule: string;
  readonly ms?: number;
  /** Why it is broken: the error, and what caused it. */
  readonly broken?: readonly string[];
}
