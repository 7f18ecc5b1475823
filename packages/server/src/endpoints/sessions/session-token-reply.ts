// What an answer holds about a session token that it hands out: the token, and the line that brings it to the browser.

import { absoluteEnd, type Secret, type Session } from "@hallpass/core";
import { sessionCookie } from "../../cookie.ts";
import type { Services } from "../../services.ts";

export function sessionTokenReply(
  { clock, cookie }: Services,
  session: Session,
  token: Secret | null,
): { readonly session_token?: string; readonly set_cookie?: string } {
  if (token === null) return {};
  const text = token.reveal();
  const left = Math.floor((absoluteEnd(session) - clock.now()) / 1000);
  return { session_token: text, set_cookie: sessionCookie(cookie, text, left) };
}
