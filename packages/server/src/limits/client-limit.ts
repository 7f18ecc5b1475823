// How often one client may ask this node for something, and who asks too often: a client churns from its first refusal until half of what
// it may ask for is free again. Two facts tell that, however many requests were refused in between.

import {
  type Client,
  type ClientId,
  type Clock,
  type Dice,
  fact,
  type Instant,
  type Rate,
  record,
  type Store,
  type TenantId,
} from "@hallpass/core";
import { createMeter } from "./meter.ts";

export type Limited = "tokens" | "sessions";

export interface ClientLimit {
  /** Counts one, and answers 0; or counts nothing, and answers how many milliseconds there is none. */
  take(client: ClientId, rate: Rate | null): number;
  /** Clients that churn now. */
  churning(): number;
  /** Writes down who has come to rest. Rejects with Faults of the store; what could not be written is written the next time. */
  settle(): Promise<void>;
}

interface Churn {
  readonly since: Instant;
  readonly rate: Rate;
  refused: number;
}

/** Beyond so many at once they are refused like the others, and no fact tells their names. */
const MOST_CHURNING = 1000;

export function createClientLimit(
  deps: { readonly store: Store; readonly dice: Dice; readonly clock: Clock; readonly tenant: TenantId },
  of: Limited,
  failed: (thrown: unknown) => void,
): ClientLimit {
  const { store, dice, clock, tenant } = deps;
  const meter = createMeter();
  const churns = new Map<ClientId, Churn>();
  const writing = new Set<Promise<void>>();

  function begin(client: ClientId, rate: Rate): void {
    const now = clock.now();
    churns.set(client, { since: now, rate, refused: 1 });
    const started = fact(tenant, now, "client_churn_started", {
      client,
      of,
      limit: rate.burst,
      per_ms: rate.burst * rate.interval,
    });
    const written = record(store, dice, [started])
      .catch(failed)
      .finally(() => writing.delete(written));
    writing.add(written);
  }

  return {
    take: (client, rate) => {
      if (rate === null) return 0;
      const now = clock.monotonic();
      const key = keyOf(client, rate);
      const wait = meter.wait(key, rate, now);
      if (wait === 0) {
        meter.count(key, rate, now);
        return 0;
      }
      const churn = churns.get(client);
      if (churn !== undefined) churn.refused += 1;
      else if (churns.size < MOST_CHURNING) begin(client, rate);
      return wait;
    },
    churning: () => churns.size,
    settle: async () => {
      await Promise.all(writing);
      const now = clock.monotonic();
      const rested = [...churns].filter(
        ([client, { rate }]) => meter.counting(keyOf(client, rate), rate, now) <= rate.burst / 2,
      );
      if (rested.length === 0) return;
      const at = clock.now();
      const ended = rested.map(([client, { since, refused }]) =>
        fact(tenant, at, "client_churn_ended", { client, of, since_ms: since, refused }),
      );
      for (let start = 0; start < ended.length; start += 100) {
        await record(store, dice, ended.slice(start, start + 100));
        for (const [client] of rested.slice(start, start + 100)) churns.delete(client);
      }
    },
  };
}

/** Whoever is given another limit begins anew: then a raised one helps at once. */
function keyOf(client: ClientId, { burst }: Rate): string {
  return `${client} ${burst}`;
}

/** What a client may ask for in one lifetime of its tokens: as registered, or else as this server is configured. Null: any number. */
export function tokenRateOf(
  client: Pick<Client, "tokenLimit">,
  otherwise: number | "off",
  lifetimeMs: number,
): Rate | null {
  const limit = client.tokenLimit ?? otherwise;
  return limit === "off" ? null : { burst: limit, interval: lifetimeMs / limit };
}
