// The credential in a cookie: exactly one cookie of exactly one name, and where an unsafe request with it may come from.
// A browser sends a cookie whoever wrote the page, so a method that changes something needs proof of the page.

/** Every value that cookies of this name have, in the Cookie headers given. */
export function cookieValues(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (const header of headers)
    for (let from = 0; from <= header.length; ) {
      const semicolon = header.indexOf(";", from);
      const end = semicolon === -1 ? header.length : semicolon;
      const pair = withoutBlanks(header.slice(from, end));
      if (pair.startsWith(name) && pair[name.length] === "=") values.push(pair.slice(name.length + 1));
      from = end + 1;
    }
  return values;
}

/**
 * Without the spaces and tabs around it. Nothing else that looks empty: to a browser a name that begins with another blank is another name, which
 * `__Host-` does not protect, so that any page of a neighbour may set it.
 */
export function withoutBlanks(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isBlank(text, from)) from += 1;
  while (to > from && isBlank(text, to - 1)) to -= 1;
  return text.slice(from, to);
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}

export interface PageOfOrigin {
  readonly origin: string | null;
  readonly fetchSite: string | null;
}

/** Scheme, host and port, compared as text: browsers write an origin in one way only. `null` is nobody. */
export function isOwnPage({ origin, fetchSite }: PageOfOrigin, origins: readonly string[]): boolean {
  return origin === null ? fetchSite === "same-origin" : origins.includes(origin);
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

export function isSafeMethod(method: string): boolean {
  return SAFE.has(method);
}
