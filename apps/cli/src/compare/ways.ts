// The ways in which an API can judge a token, as small as each can honestly be written. They share everything else.

import { Agent, request } from "node:http";
import { createVerifier } from "@hallpass/verifier";
import type { Credentials } from "../connection/settings.ts";

export const WAYS = ["nothing", "introspection", "cache", "feed"] as const;

export type WayName = (typeof WAYS)[number];

export const WAY_WORDS: Readonly<Record<WayName, string>> = {
  nothing: "nothing is judged",
  introspection: "introspection on each request",
  cache: "introspection, answers kept",
  feed: "local verification with the feed",
};

export interface WaySettings {
  readonly issuer: string;
  readonly audience: string;
  readonly credentials: Credentials;
  readonly cacheMs: number;
  readonly stalenessMs: number;
}

export interface Way {
  /** True: go on. False: refused. Rejects when nobody can know. */
  judge(token: string): Promise<boolean>;
  /** Requests to the issuer so far. The feed's own connection is one, and what travels on it is not counted. */
  calls(): number;
}

/** Resolves when the way can judge. */
export function wayOf(name: WayName, settings: WaySettings): Promise<Way> {
  switch (name) {
    case "nothing":
      return Promise.resolve({ judge: () => Promise.resolve(true), calls: () => 0 });
    case "introspection":
      return Promise.resolve(introspecting(settings));
    case "cache":
      return Promise.resolve(keeping(introspecting(settings), settings.cacheMs));
    case "feed":
      return verifying(settings);
  }
}

/** RFC 7662, over connections that are kept. */
function introspecting({ issuer, credentials: { clientId, clientSecret } }: WaySettings): Way {
  const agent = new Agent({ keepAlive: true });
  const secret = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  const headers = { authorization: `Basic ${secret}`, "content-type": "application/x-www-form-urlencoded" };
  let calls = 0;
  return {
    calls: () => calls,
    judge: (token) =>
      new Promise((resolve, reject) => {
        calls += 1;
        const sent = request(`${issuer}/oauth2/introspect`, { method: "POST", agent, headers }, (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (part: string) => void (text += part));
          answer.on("error", reject).on("end", () => {
            if (answer.statusCode === 200) resolve((JSON.parse(text) as { readonly active?: unknown }).active === true);
            else reject(new Error(`introspection was answered ${answer.statusCode}`));
          });
        });
        sent.on("error", reject).end(`token=${token}`);
      }),
  };
}

/** Those that ask for the same token at once share one question. */
function keeping(asked: Way, ms: number): Way {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<boolean> }>();
  return {
    calls: () => asked.calls(),
    judge: (token) => {
      const known = kept.get(token);
      if (known !== undefined && known.until > performance.now()) return known.answer;
      const answer = asked.judge(token);
      kept.set(token, { until: performance.now() + ms, answer });
      // What could not be known is not kept.
      answer.catch(() => kept.delete(token));
      return answer;
    },
  };
}

async function verifying({ issuer, audience, credentials, stalenessMs }: WaySettings): Promise<Way> {
  const verifier = createVerifier({ issuer, audience, credentials, service: "api", maxStalenessMs: stalenessMs });
  await verifier.ready();
  return {
    calls: () => 0,
    judge: async (token) => {
      const verdict = await verifier.verifyCredentials({
        method: "GET",
        authorization: [`Bearer ${token}`],
        cookie: [],
        origin: null,
        fetchSite: null,
        upgrade: false,
      });
      if (verdict.kind === "unavailable") throw new Error(verdict.code);
      return verdict.kind === "accepted";
    },
  };
}
