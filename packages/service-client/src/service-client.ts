// The client of one issuer: a source of tokens for each scope and resource, and one pause for all of them, because it is
// one issuer that could not answer.

import { checkRequest, type ServiceClientOptions, type TokenRequest } from "./options.ts";
import { Pause } from "./pause.ts";
import type { Ports } from "./ports.ts";
import { TokenSource } from "./token-source.ts";

const WAIT_AT_MOST_MS = 10_000;
/** Scopes and resources that are remembered; the one that was not asked for longest goes first. */
const MOST_SOURCES = 256;

export type TokenFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface ServiceClient<Scope extends string = string, Resource extends string = string> {
  /**
   * An access token that is good for at least the last tenth of its life, or 10 s. From memory; asked for once however
   * many wait. Rejects with TokenError; throws OptionsError for what is no scope or resource.
   */
  token(request?: TokenRequest<Scope, Resource>): Promise<string>;
  /**
   * A fetch that sends such a token as `Authorization: Bearer`, and, after a 401 that says `invalid_token` (RFC 6750
   * section 3.1), once more with another one. Bodies are kept in memory for that. Send it to your resource only: whoever
   * is at the address gets the token.
   */
  fetchFor(request?: TokenRequest<Scope, Resource>): TokenFetch;
}

export type Settings = Omit<ServiceClientOptions, "clientSecret">;

export function createServiceClientOn(ports: Ports, settings: Settings): ServiceClient {
  const { issuer, clientId, store, onStoreFault = () => undefined, waitAtMostMs = WAIT_AT_MOST_MS } = settings;
  const pause = new Pause(ports.clock, ports.dice);
  const sources = new Map<string, TokenSource>();

  function sourceOf(request: TokenRequest): TokenSource {
    const form = checkRequest(request);
    const key = JSON.stringify([issuer, clientId, form["scope"] ?? null, form["resource"] ?? null]);
    const source = sources.get(key) ?? new TokenSource(ports, { key, form, pause, waitAtMostMs, store, onStoreFault });
    sources.delete(key);
    sources.set(key, source);
    for (const oldest of sources.keys()) if (sources.size > MOST_SOURCES) sources.delete(oldest);
    return source;
  }

  return {
    token: async (request = {}) => sourceOf(request).token(),
    fetchFor: (request = {}) => {
      checkRequest(request);
      return async (input, init) => {
        const source = sourceOf(request);
        const first = new Request(input, init);
        const again = first.clone();
        const token = await source.token();
        const response = await ports.send(bearing(first, token));
        if (!isInvalidToken(response)) return response;
        source.reject(token);
        const other = await source.token().catch(() => token);
        if (other === token) return response;
        await response.body?.cancel();
        return ports.send(bearing(again, other));
      };
    },
  };
}

function bearing(request: Request, token: string): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}

function isInvalidToken({ status, headers }: Response): boolean {
  const challenge = headers.get("www-authenticate") ?? "";
  // In two steps: one pattern for both would look through all that follows for each time that the scheme stands there.
  const bearer = challenge.search(/\bbearer\b/i);
  return status === 401 && bearer !== -1 && /\berror\s*=\s*"?invalid_token"?/i.test(challenge.slice(bearer));
}
