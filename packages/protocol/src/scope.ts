// A scope as RFC 6749 section 3.3 writes it: a set of tokens with single spaces between them.
// Two spellings of one set (double spaces, repeated tokens) are refused rather than repaired, so
// that comparing, hashing and narrowing never disagree. One pass; the limits hold for every caller.

export const MAX_SCOPE_LENGTH = 1024;
export const MAX_SCOPE_TOKENS = 64;

const FEW = 8;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x21;
const LAST_PRINTABLE = 0x7e;

/** The tokens in the order sent, or undefined when the text is no scope or a too large one. */
export function parseScope(text: string): readonly string[] | undefined {
  if (text.length > MAX_SCOPE_LENGTH) return undefined;
  for (let index = 0; index < text.length; index += 1) {
    if (!isScopeCharacter(text.charCodeAt(index))) return undefined;
  }
  const tokens = text.split(" ");
  // An empty token is an empty text, a double space, or a space at either end.
  if (tokens.length > MAX_SCOPE_TOKENS || tokens.includes("")) return undefined;
  return hasTwice(tokens) ? undefined : tokens;
}

/** The text of tokens that came from `parseScope`; no tokens are the empty text, which is no scope. */
export function formatScope(tokens: readonly string[]): string {
  return tokens.join(" ");
}

/** Whether every token of `narrow` is in `wide`; equal sets count, order doesn't. */
export function scopeIsSubset(narrow: readonly string[], wide: readonly string[]): boolean {
  const allowed = new Set(wide);
  return narrow.every((token) => allowed.has(token));
}

// For the few tokens that most scopes have, comparing each with each is cheaper than a set.
function hasTwice(tokens: readonly string[]): boolean {
  if (tokens.length > FEW) return new Set(tokens).size < tokens.length;
  for (let index = 1; index < tokens.length; index += 1) {
    if (tokens.indexOf(tokens[index] ?? "") < index) return true;
  }
  return false;
}

function isScopeCharacter(code: number): boolean {
  if (code === SPACE) return true;
  return code >= FIRST_PRINTABLE && code <= LAST_PRINTABLE && code !== QUOTE && code !== BACKSLASH;
}
