// All limits of a node, from its configuration.

import type { Client, ClientId } from "@hallpass/core";
import type { Config } from "../config.ts";
import { type AuthenticationLimit, createAuthenticationLimit } from "./authentication-limit.ts";
import { createClientLimit, tokenRateOf } from "./client-limit.ts";
import { createMeter } from "./meter.ts";

export interface Limits {
  /** Counts a token of client_credentials, and answers 0; or answers how many milliseconds there is none. */
  readonly takeToken: (client: Client) => number;
  /** The same for a session that a client opens. */
  readonly takeSession: (client: ClientId) => number;
  /** Counts a token that a client asked about and learned nothing of; or answers how many milliseconds it should ask about none like it. */
  readonly takeMiss: (client: ClientId) => number;
  readonly authentications: AuthenticationLimit;
  /** Clients that ask for too many tokens or sessions now. */
  readonly churning: () => number;
  /** Writes down who has come to rest. Rejects with Faults of the store. */
  readonly settle: () => Promise<void>;
}

const MINUTE = 60_000;

export function createLimits(
  config: Pick<
    Config,
    | "client_token_limit"
    | "client_token_lifetime"
    | "session_opening_limit"
    | "failed_authentication_limit"
    | "introspection_miss_limit"
  >,
  deps: Parameters<typeof createClientLimit>[0],
  failed: (thrown: unknown) => void,
): Limits {
  const tokens = createClientLimit(deps, "tokens", failed);
  const sessions = createClientLimit(deps, "sessions", failed);
  const opening = config.session_opening_limit;
  const sessionRate = opening === "off" ? null : { burst: opening, interval: MINUTE / opening };
  const lifetime = config.client_token_lifetime * 1000;
  const misses = createMeter();
  const missing = config.introspection_miss_limit;
  const missRate = missing === "off" ? null : { burst: missing, interval: MINUTE / missing };
  return {
    takeToken: (client) => tokens.take(client.id, tokenRateOf(client, config.client_token_limit, lifetime)),
    takeSession: (client) => sessions.take(client, sessionRate),
    takeMiss: (client) => {
      if (missRate === null) return 0;
      const now = deps.clock.monotonic();
      const wait = misses.wait(client, missRate, now);
      if (wait === 0) misses.count(client, missRate, now);
      return wait;
    },
    authentications: createAuthenticationLimit(deps.clock, config.failed_authentication_limit),
    churning: () => tokens.churning() + sessions.churning(),
    settle: async () => {
      await tokens.settle();
      await sessions.settle();
    },
  };
}
