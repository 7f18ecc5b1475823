// What the token endpoint answered (RFC 6749 sections 5.1 and 5.2): a token with its lifetime, or why there is none.

import { isJsonObject, type JsonObject, parseStrictJson } from "@hallpass/protocol";
import type { Answer } from "./ports.ts";
import { TokenError } from "./token-error.ts";

const LIMITS = { maxLength: 65_536, maxDepth: 8, maxMembers: 64 };
/** RFC 6750 section 2.1: what fits behind `Bearer`. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

export interface Granted {
  readonly token: string;
  readonly lifetimeMs: number;
}

/** Throws TokenError. A refresh token in the answer is dropped: two processes can't share what nobody keeps. */
export function readAnswer({ status, text }: Answer): Granted {
  const answer = jsonOf(text);
  if (status === 200) {
    const { access_token: token, token_type: type, expires_in: seconds } = answer;
    const isBearer = typeof type === "string" && type.toLowerCase() === "bearer";
    const hasLife = typeof seconds === "number" && seconds > 0;
    if (typeof token !== "string" || !TOKEN.test(token) || !isBearer || !hasLife)
      throw new TokenError({ code: "unavailable", status, error: "unreadable_answer" });
    return { token, lifetimeMs: seconds * 1000 };
  }
  const { error } = answer;
  const said = typeof error === "string" && /^[a-z_]{1,64}$/.test(error) ? error : undefined;
  throw new TokenError({ code: status === 429 || status >= 500 ? "unavailable" : "refused", status, error: said });
}

function jsonOf(text: string): JsonObject {
  const parsed = parseStrictJson(text, LIMITS);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
}
