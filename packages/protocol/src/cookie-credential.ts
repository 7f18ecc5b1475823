// The credential in a cookie: exactly one cookie of exactly one name, and where an unsafe request with it may come from.
// A browser sends a cookie whoever wrote the page, so a method that changes something needs proof of the page.

/** Every value that cookies of this name have, in the Cookie headers given. */
export function cookieValues(headers: readonly string[], name: string): readonly string[] {
  return headers
    .flatMap((header) => header.split(";"))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
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
