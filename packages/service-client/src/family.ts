// One refresh token that one process uses: from each answer the next one is kept before anything else is done with it (RFC 9700 section
// 4.14.2). What must stay true: of two processes that have the same one, only the one that came last goes on, and the other stops before it
// sends anything: a refresh token that was replaced is taken for a stolen one.

import { isJsonObject, parseStrictJson } from "@hallpass/protocol";
import type { Answer, Ports } from "./ports.ts";
import { TokenError } from "./token-error.ts";

export interface StoredFamily {
  /** Who uses it now: a text that each process makes for itself. */
  readonly owner: string;
  readonly refreshToken: string;
}

/** A key names the issuer and the client. */
export interface FamilyStore {
  /** Undefined for what is not there, or can't be trusted. */
  read(key: string): Promise<StoredFamily | undefined>;
  /** A reader sees the whole earlier entry or the whole later one. */
  write(key: string, stored: StoredFamily): Promise<void>;
  /** Runs `task` while nobody else runs one under this key. */
  exclusively<T>(key: string, task: () => Promise<T>): Promise<T>;
}

export interface Family {
  /** Uses this refresh token from now on, whatever was there before. Rejects with what the store throws. */
  start(refreshToken: string): Promise<void>;
  /**
   * Sends the refresh token for a token of this scope and resource, whatever grant the form names. Rejects with a TokenError that says `no_refresh_token` or `family_taken`, with
   * what the store throws, and when there is no answer.
   */
  refresh(form: Readonly<Record<string, string>>): Promise<Answer>;
}

const LIMITS = { maxLength: 65_536, maxDepth: 8, maxMembers: 64 };
/** RFC 6749 appendix A.17. */
const REFRESH_TOKEN = /^[\x20-\x7e]{1,4096}$/;

export function isRefreshToken(text: unknown): text is string {
  return typeof text === "string" && REFRESH_TOKEN.test(text);
}

export function familyOf(
  { dice, post }: Pick<Ports, "dice" | "post">,
  store: FamilyStore,
  key: string,
  onStoreFault: (fault: unknown) => void,
): Family {
  const owner = `${dice.fraction().toString(36).slice(2)}-${dice.fraction().toString(36).slice(2)}`;
  let isOurs = false;
  /** What the store could not take: newer than what it has. */
  let unkept: string | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Of one process, too, one after another. */
  function alone<T>(task: () => Promise<T>): Promise<T> {
    const turn = last.then(() => store.exclusively(key, task));
    last = turn.catch(() => undefined);
    return turn;
  }

  async function keep(refreshToken: string): Promise<void> {
    try {
      await store.write(key, { owner, refreshToken });
      unkept = undefined;
    } catch (fault) {
      // The answer is good. A process that starts from what is stored is forgiven for a day (spec/refresh-token.md, recovered).
      unkept = refreshToken;
      onStoreFault(fault);
    }
  }

  return {
    start: (refreshToken) =>
      alone(async () => {
        await store.write(key, { owner, refreshToken });
        isOurs = true;
        unkept = undefined;
      }),
    refresh: (form) =>
      alone(async () => {
        const stored = await store.read(key);
        if (stored === undefined) throw new TokenError({ code: "refused", error: "no_refresh_token" });
        if (isOurs && stored.owner !== owner) throw new TokenError({ code: "refused", error: "family_taken" });
        // Before it is used, so that whoever had it stops.
        if (!isOurs) await store.write(key, { ...stored, owner });
        isOurs = true;
        const answer = await post({
          ...form,
          grant_type: "refresh_token",
          refresh_token: unkept ?? stored.refreshToken,
        });
        const next = refreshTokenIn(answer);
        if (next !== undefined && next !== stored.refreshToken) await keep(next);
        return answer;
      }),
  };
}

/** For one process that needs to survive nothing. */
export function memoryFamilyStore(): FamilyStore {
  const stored = new Map<string, StoredFamily>();
  return {
    read: async (key) => stored.get(key),
    write: async (key, one) => void stored.set(key, one),
    exclusively: (_, task) => task(),
  };
}

function refreshTokenIn({ status, text }: Answer): string | undefined {
  const parsed = parseStrictJson(text, LIMITS);
  const token = status === 200 && parsed.ok && isJsonObject(parsed.value) ? parsed.value["refresh_token"] : undefined;
  return isRefreshToken(token) ? token : undefined;
}
