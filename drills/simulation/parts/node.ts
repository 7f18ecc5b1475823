// A server node: the real operations and the real feed on one machine, over a way to the store that they share. When it
// dies it loses everything but its name.

import {
  bootstrapIssuer,
  type Clock,
  createKeyRing,
  type Dice,
  gather,
  type Issuer,
  type KeyEncryptionKey,
  type KeyPolicy,
  type KeyRing,
  type NewSigningKey,
  type Policy,
  type Scheduler,
  type Seconds,
  type Store,
  secondsOf,
  sweepPassed,
  type TenantId,
} from "@hallpass/core";
import { createFleetReader } from "../../../packages/server/src/feed/fleet-reader.ts";
import type { HeadReader } from "../../../packages/server/src/feed/head-reader.ts";
import { createFeedHub, type FeedHub } from "../../../packages/server/src/feed/hub.ts";
import { judgeFeedBearer } from "../../../packages/server/src/feed/own-bearer.ts";
import { parsePull } from "../../../packages/server/src/feed/pull.ts";
import { bodyOf } from "../../../packages/server/src/feed/pull-body.ts";
import { type StoreTime, watchStoreTime } from "../../../packages/server/src/host/store-time.ts";
import type { Fleet } from "../../../packages/server/src/services.ts";
import type { FeedServer, NodeEnd, Served } from "../world/feed-network.ts";
import type { History } from "../world/history.ts";
import type { Machine } from "../world/machine.ts";
import { remoteStore, type StoreWeather } from "../world/remote-store.ts";
import type { TimeLine } from "../world/time-line.ts";
import { ACCESS_LIFETIME, ISSUER_URL, KEK, KEY_NUMBERS, POLICIES, SKEW, simulatedKey, TENANT } from "./settings.ts";

export interface NodeServices {
  readonly store: Store;
  readonly storeTime: StoreTime;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly tenant: TenantId;
  readonly issuer: Issuer;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly clientTokenLifetime: Seconds;
  readonly keys: KeyRing;
  readonly kek: KeyEncryptionKey;
  readonly newSigningKey: NewSigningKey;
  readonly policy: KeyPolicy;
  readonly hub: FeedHub;
  /** Who is in the fleet, for receipts. */
  readonly fleet: HeadReader<Fleet>;
}

export interface NodeDeps {
  readonly line: TimeLine;
  readonly machine: Machine;
  readonly history: History;
  readonly run: string;
  readonly there: Store;
  readonly defect: (cause: unknown) => void;
}

export class Node implements FeedServer {
  readonly machine: Machine;
  readonly weather: StoreWeather = { slowUntil: 0, faultyUntil: 0, cutUntil: 0 };
  readonly #deps: NodeDeps;
  #services: NodeServices | undefined;
  #keysMade = 0;

  constructor(deps: NodeDeps) {
    this.#deps = deps;
    this.machine = deps.machine;
  }

  get up(): boolean {
    return this.#services !== undefined;
  }

  /** Of this life. A request that reached a node which is down since is lost with it. */
  get services(): NodeServices {
    if (this.#services === undefined) throw new Error("a node that is down was asked");
    return this.#services;
  }

  /** Tries until the store answers, as a supervisor would. */
  async boot(): Promise<void> {
    const { line, machine, history, there, run } = this.#deps;
    const { life, dice } = machine;
    const way = remoteStore({ line, machine, dice: dice.fork(`store ${life}`), weather: this.weather, there });
    const given = gather(way);
    const { store, time: storeTime } = watchStoreTime(given, machine.clock, (reached) =>
      sweepPassed({ store: given, dice, tenant: TENANT }, reached),
    );
    try {
      const issuer = await bootstrapIssuer(
        { store, dice },
        { tenant: TENANT, url: ISSUER_URL, skew: SKEW, maxTokenLifetime: ACCESS_LIFETIME },
      );
      if (machine.life !== life) return;
      const keys = createKeyRing({ tenant: TENANT, kek: KEK });
      const ports = { store, clock: machine.clock, scheduler: machine.scheduler, dice };
      const hub = createFeedHub({
        ...ports,
        keys,
        issuer,
        nodeName: machine.name,
        pause: async () => {},
        log: (event) => {
          history.add(machine.name, `feed ${event.kind}`, "instance" in event ? `${event.instance}` : "");
          if (event.kind === "failed" && !isFault(event.cause)) this.#deps.defect(event.cause);
        },
      });
      this.#services = {
        ...ports,
        storeTime,
        tenant: TENANT,
        issuer,
        // Its own: what a server remembers of its policies is gone with it.
        policies: new Map(POLICIES),
        clientTokenLifetime: secondsOf(ACCESS_LIFETIME),
        keys,
        kek: KEK,
        newSigningKey: () => simulatedKey(`${run} ${machine.name}`, (this.#keysMade += 1)),
        policy: KEY_NUMBERS,
        hub,
        fleet: createFleetReader(store, TENANT),
      };
      history.add(machine.name, "up");
    } catch (cause) {
      if (!isFault(cause)) return this.#deps.defect(cause);
      machine.soon(500, () => void this.boot(), life);
    }
  }

  die(): void {
    this.#services = undefined;
    this.machine.die();
    this.#deps.history.add(this.machine.name, "down");
  }

  /** One pull; undefined for a bearer that is refused. */
  async pull(token: string, body: string): Promise<string | undefined> {
    const { services } = this;
    const judged = await judgeFeedBearer(services, token);
    const pull = parsePull(body);
    if (pull === undefined) throw new Error("a pull can't be read");
    if (judged.kind !== "granted") return undefined;
    const answer = await services.hub.pull(pull, judged.bearer);
    return String((await bodyOf(answer, { gzip: false, packed: false }, async () => {})).body);
  }

  async accept(token: string, end: NodeEnd): Promise<Served | undefined> {
    const { services } = this;
    try {
      const judged = await judgeFeedBearer(services, token);
      if (judged.kind !== "granted") return undefined;
      return services.hub.connect({ ...end, bufferedBytes: () => 0 }, judged.bearer);
    } catch (cause) {
      if (!isFault(cause)) this.#deps.defect(cause);
      return undefined;
    }
  }
}

function isFault(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "Fault";
}
