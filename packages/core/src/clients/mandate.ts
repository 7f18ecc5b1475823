// A mandate: on whose behalf a client may act through /v1. A scope says what may be done, a mandate for whom and how far.
// Everything that is not named is refused. Rules and examples stand in spec/mandates.md.

/** A text as it is, or a prefix that ends in `*`; `*` alone is everything. No other character is special. */
export type Pattern = string;

export interface Mandate {
  /** For which clients it may open sessions; whose sessions it may read, change and end; which it may register, change and disable. */
  readonly clients: readonly Pattern[];
  /** For which audiences it may ask, and register. */
  readonly audiences: readonly Pattern[];
  /** Whose sessions. */
  readonly subjects: readonly Pattern[];
  /** Under which policies. */
  readonly policies: readonly Pattern[];
  /** Which authentication context classes (`acr`) it may assert. */
  readonly acr: readonly Pattern[];
  /** Which authentication methods (`amr`) it may assert. */
  readonly amr: readonly Pattern[];
}

export type MandatePart = keyof Mandate;
export const MANDATE_PARTS: readonly MandatePart[] = ["clients", "audiences", "subjects", "policies", "acr", "amr"];

export const EVERYTHING: Mandate = {
  clients: ["*"],
  audiences: ["*"],
  subjects: ["*"],
  policies: ["*"],
  acr: ["*"],
  amr: ["*"],
};

/** At most this many patterns in a part. */
export const MAX_PATTERNS = 50;

/** Refuses what would be read in two ways: a `*` anywhere but at the end, control characters, more than 512 characters. */
export function parsePattern(text: string): Pattern | undefined {
  const isPlain = /^[^\p{Cc}\u2028\u2029*]*\*?$/u.test(text);
  return isPlain && text.length > 0 && text.length <= 512 ? text : undefined;
}

/** Clients of before mandates have none, and may do what their scope says for everyone. */
export function mandateOf(client: { readonly mandate?: Mandate }): Mandate {
  return client.mandate ?? EVERYTHING;
}

export function permits(patterns: readonly Pattern[], value: string): boolean {
  return patterns.some((pattern) => covers(pattern, value));
}

export function permitsAll(patterns: readonly Pattern[], values: readonly string[]): boolean {
  return values.every((value) => permits(patterns, value));
}

export function isEverything(mandate: Mandate): boolean {
  return MANDATE_PARTS.every((part) => mandate[part].includes("*"));
}

/** Whether everything that `narrow` permits is permitted by `wide`. */
export function isWithin(narrow: Mandate, wide: Mandate): boolean {
  return MANDATE_PARTS.every((part) =>
    narrow[part].every((pattern) => wide[part].some((outer) => covers(outer, pattern))),
  );
}

/** `*` stands in no name and only at the end of a pattern, so a pattern is within another exactly if the other's prefix begins it. */
function covers(pattern: Pattern, text: string): boolean {
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
