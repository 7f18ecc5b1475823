// The Set-Cookie line of a session token (RFC 6265bis): the app sends it to the browser as it stands. `__Host-` has the browser refuse it
// from any other host, for a part of the site, or over plain http.

export interface CookieTraits {
  readonly name: string;
  readonly sameSite: "Lax" | "Strict";
}

/** For as long as the session may live; the server says earlier when it is over. `maxAge` in whole seconds. */
export function sessionCookie(traits: CookieTraits, token: string, maxAge: number): string {
  return line(traits, token, maxAge);
}

/** Takes it out of the browser. */
export function clearingCookie(traits: CookieTraits): string {
  return line(traits, "", 0);
}

function line({ name, sameSite }: CookieTraits, value: string, maxAge: number): string {
  // Another name is for development, on plain http, where not every browser takes a Secure cookie.
  const secure = name.startsWith("__Host-") ? "; Secure" : "";
  return `${name}=${value}; Path=/; Max-Age=${Math.max(0, maxAge)}${secure}; HttpOnly; SameSite=${sameSite}`;
}
