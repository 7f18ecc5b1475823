// Which server is the primary, and until when this node may rely on it.
//
// 1. A lease: whatever is read or committed counts only within LEASE_MS after a proof was asked for (endpoint.ts). A primary that was
//    deposed can't give one, so a node that is still connected to it falls silent; a refresh pays a comparison of two numbers.
// 2. A promotion is waited out: the schema names the server whose clients hold leases. On another one nothing is answered before
//    LEASE_MS have passed since it was seen, so nobody reads from the old one any more when the new one confirms its first change.
// 3. History that may be missing ends: unless every commit that this node knows of had to reach a standby, and the newest notice that it
//    knows of is there, a new epoch begins before anything is answered.

import { type Cancel, type Clock, Fault, type Head, type Scheduler } from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import type { Client, Pool, PoolClient } from "pg";
import { type ConnectionSettings, openPool } from "./connections.ts";
import { asError, Endpoint, type Standing } from "./endpoint.ts";
import { CLAIM, hasHead, historyOf } from "./history.ts";
import { WaitingRoom } from "./waiting-room.ts";
import { ANOTHER_SERVER, SERVER, type Way } from "./way.ts";

/** Milliseconds. A failover costs as much, and what it takes to find the new primary. */
export const LEASE_MS = 3000;
const PROVE_EVERY_MS = 1000;
/** Two proofs in a row may take half a lease each. */
const ANSWER_MS = 1500;
const AGAIN_MS = 200;
const NO_PRIMARY = "none of the hosts is a primary that can prove it";
/** The clocks of two machines may part by a thousandth (LEASE-3). */
const DRIFT = 1.001;
/** Notices that nobody can know of any more are fewer: a new epoch leaves as many places free. */
const MOST_LOST = 1_000_000;

export type PrimaryEvent =
  | { readonly kind: "found"; readonly server: string; readonly synchronous: boolean }
  | { readonly kind: "lost"; readonly cause: unknown }
  /** Acknowledged changes may be missing on the server that was found; a new epoch above `above` is about to begin. */
  | { readonly kind: "history_in_doubt"; readonly above: Position };

export interface PrimaryOptions extends ConnectionSettings {
  readonly addresses: readonly string[];
  readonly most: number;
  readonly clock: Pick<Clock, "monotonic">;
  readonly scheduler: Scheduler;
  readonly told: (event: PrimaryEvent) => void;
}

export interface PrimaryHooks {
  /** Rejects for a server that can't be served. */
  prepare(pool: Pool): Promise<void>;
  /** Settles when a new epoch lies above the position. */
  endHistory(on: Pick<Hold, "connect" | "way" | "pooled">, above: Position): Promise<void>;
}

/** A server while this node relies on it. What it has answered counts if it holds then, and not otherwise. */
export interface Hold {
  /** A connection, to be released. Rejects when none is free in time, and at once when this server counts no more. */
  readonly connect: () => Promise<PoolClient>;
  readonly way: Way;
  /** Whether nothing outlives a transaction there: nobody can listen. */
  readonly pooled: boolean;
  holds(): boolean;
  /**
   * An outcome is unknown: what is read from now on may show a change that no standby has. It counts when the server has proven, after the
   * answer, that it is the primary: what is proven later stands later in its log.
   */
  doubt(): void;
  readonly isInDoubt: boolean;
  /** Whether the server has proven itself since the call. */
  settle(): Promise<boolean>;
}

interface Reign extends Hold {
  readonly server: string;
  readonly pool: Pool;
  readonly room: WaitingRoom;
  readonly clients: Set<Client>;
  endpoint: Endpoint;
  /** By the clock that never goes back. */
  until: number;
}

/** What this node knows of the server that it relied on last. */
interface Memory {
  readonly server: string;
  readonly timeline: number;
  /** Whether every commit had to reach a standby, for as long as this node has looked. */
  synchronous: boolean;
  head: Head;
}

interface Found {
  readonly endpoint: Endpoint;
  readonly standing: Standing;
}

export class Primary {
  readonly #options: PrimaryOptions;
  readonly #hooks: PrimaryHooks;
  readonly #endpoints: readonly Endpoint[];
  #reign: Reign | undefined;
  #memory: Memory | undefined;
  #running: Promise<void> | undefined;
  #wake: Cancel = () => {};
  #lapse: Cancel = () => {};
  #closed = false;

  constructor(options: PrimaryOptions, hooks: PrimaryHooks) {
    this.#options = options;
    this.#hooks = hooks;
    const quick = { ...options, statementMs: ANSWER_MS / 2, connectMs: Math.min(ANSWER_MS, options.connectMs) };
    const givenUpMs = options.statementMs * 2;
    this.#endpoints = options.addresses.map((address) => new Endpoint(address, quick, givenUpMs, () => this.#soon()));
  }

  /** Rejects with the first reason for which no server can be relied on; then nothing was left open. */
  async open(): Promise<void> {
    try {
      if (await this.#round()) return this.#later(PROVE_EVERY_MS);
      throw this.#endpoints.find(({ failure }) => failure !== undefined)?.failure ?? new Error(NO_PRIMARY);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Throws a Fault while no server may be relied on. */
  get current(): Hold {
    const reign = this.#reign;
    if (reign?.holds() !== true) throw new Fault("store_unavailable");
    return reign;
  }

  /** The newest head that was shown or made: it has to be there after a promotion. */
  saw(epoch: number, seq: number, mark: string): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    const { pos } = memory.head;
    if (epoch > pos.epoch || (epoch === pos.epoch && seq > pos.seq)) memory.head = { pos: { epoch, seq }, mark };
  }

  /** Settles when nothing is under way and every connection was given back. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    this.#lapse();
    await this.#running;
    for (const endpoint of this.#endpoints) endpoint.close();
    await this.#reign?.pool.end();
    this.#reign = undefined;
  }

  #later(ms: number): void {
    if (!this.#closed) this.#wake = this.#options.scheduler.after(ms, () => this.#turn());
  }

  /** Something broke: looks at once. A turn that is under way will see it by itself. */
  #soon(): void {
    if (this.#running !== undefined || this.#reign === undefined) return;
    this.#wake();
    this.#later(0);
  }

  #turn(): void {
    this.#running = this.#round()
      .catch(() => false)
      .then((proven) => {
        this.#running = undefined;
        this.#later(proven ? PROVE_EVERY_MS : AGAIN_MS);
      });
  }

  /** Whether a lease was granted. */
  async #round(): Promise<boolean> {
    const known = this.#reign;
    const asked = this.#options.clock.monotonic();
    const found: Found[] = [];
    const ask = async (endpoint: Endpoint): Promise<void> => {
      const proves = endpoint === known?.endpoint;
      const standing = proves ? await endpoint.prove() : await endpoint.look();
      if (standing?.writable === true && !this.#isOlder(standing)) found.push({ endpoint, standing });
      if (proves && known === this.#reign && standing?.server === known.server) this.#prolong(known, asked, standing);
    };
    await Promise.all(this.#endpoints.map(ask));
    // The lease may have ended meanwhile.
    const reign = this.#reign;
    const [best] = found.toSorted((a, b) => b.standing.timeline - a.standing.timeline);
    const own = found.find(
      ({ standing }) => standing.server === reign?.server && standing.timeline === best?.standing.timeline,
    );
    if (reign !== undefined && own !== undefined) {
      const proven = reign.until >= asked + LEASE_MS;
      // The same server under another name: it proves itself there next time.
      if (!proven) reign.endpoint = own.endpoint;
      if (!reign.holds()) this.#cut();
      return proven;
    }
    if (reign !== undefined && (best !== undefined || !reign.holds())) this.#cut();
    return best === undefined ? false : this.#begin(best);
  }

  /** Of the same cluster, and before what this node has relied on: it was deposed. */
  #isOlder({ server, timeline }: Standing): boolean {
    const memory = this.#memory;
    return memory !== undefined && clusterOf(server) === clusterOf(memory.server) && timeline < memory.timeline;
  }

  #prolong(reign: Reign, asked: number, { synchronous }: Standing): void {
    reign.until = Math.max(reign.until, asked + LEASE_MS);
    this.#watch(reign);
    if (this.#memory !== undefined) this.#memory.synchronous &&= synchronous;
  }

  /** Whoever waits for a server when its lease ends is answered then: what it would say later could not count. */
  #watch(reign: Reign): void {
    this.#lapse();
    const { clock, scheduler } = this.#options;
    this.#lapse = scheduler.after(Math.max(1, reign.until - clock.monotonic()), () => {
      if (reign !== this.#reign || reign.holds()) return;
      this.#soon();
      this.#cut();
    });
  }

  async #begin({ endpoint, standing }: Found): Promise<boolean> {
    const { server } = standing;
    const clients = new Set<Client>();
    const check = async (client: Client): Promise<void> => {
      // Whoever waits for this answer is to be answered, too, when the lease ends: also for a connection that came up only afterwards.
      clients.add(client);
      try {
        const asked = client.query(`SELECT ${SERVER} AS server`);
        if (pool.ending) client.end().catch(() => undefined);
        const { rows } = await asked;
        if ((rows[0] as { readonly server: string }).server === server) return;
        this.#soon();
        throw new Error(ANOTHER_SERVER);
      } catch (error) {
        clients.delete(client);
        throw error;
      }
    };
    const { most } = this.#options;
    const { pooled } = endpoint;
    // Behind a pooler each transaction looks, and not each connection.
    const checked = pooled ? {} : { check };
    const pool = openPool(endpoint.address, { ...this.#options, most, pooled, ...checked });
    const way = endpoint.way(this.#options, server);
    const room = new WaitingRoom(pool);
    const connect = (): Promise<PoolClient> => room.connect();
    pool.on("connect", (client) => clients.add(client));
    pool.on("remove", (client) => clients.delete(client));
    try {
      await this.#hooks.prepare(pool);
      const head = await this.#settle(endpoint, { connect, way, pooled }, server);
      const asked = this.#options.clock.monotonic();
      const proof = await endpoint.prove();
      if (proof?.server !== server) throw endpoint.failure ?? new Error(NO_PRIMARY);
      const { timeline, synchronous } = proof;
      const isAgain = this.#memory?.server === server;
      this.#memory = {
        server,
        timeline,
        synchronous: synchronous && (!isAgain || this.#memory?.synchronous === true),
        head,
      };
      const until = asked + LEASE_MS;
      this.#reign = this.#reignOf({ pool, room, connect, way, pooled, server, clients, endpoint, until });
      this.#watch(this.#reign);
      this.#options.told({ kind: "found", server, synchronous });
      return true;
    } catch (error) {
      endpoint.failure = asError(error);
      await pool.end();
      return false;
    }
  }

  #reignOf(of: Omit<Reign, "holds" | "doubt" | "isInDoubt" | "settle">): Reign {
    const { clock } = this.#options;
    let doubts = 0;
    let settled = 0;
    const reign: Reign = {
      ...of,
      holds: () => reign === this.#reign && clock.monotonic() < reign.until,
      doubt: () => {
        doubts += 1;
      },
      get isInDoubt() {
        return settled < doubts;
      },
      settle: async () => {
        const [asked, known] = [clock.monotonic(), doubts];
        const proof = await reign.endpoint.prove();
        if (proof?.server !== reign.server) return false;
        this.#prolong(reign, asked, proof);
        settled = Math.max(settled, known);
        return true;
      },
    };
    return reign;
  }

  /** Waits until nobody relies on the server before any more, and ends a history that may have lost something. Answers the head. */
  async #settle(endpoint: Endpoint, on: Pick<Hold, "connect" | "way" | "pooled">, server: string): Promise<Head> {
    const { scheduler, told } = this.#options;
    const { head, claimed } = await historyOf(endpoint);
    if (claimed === server && (this.#memory === undefined || this.#memory.server === server)) return head;
    if (claimed !== null && claimed !== server)
      await new Promise<void>((resolve) => scheduler.after(LEASE_MS * DRIFT, resolve));
    if (await this.#isInDoubt(endpoint, claimed, server)) {
      const known = this.#memory?.head.pos ?? head.pos;
      const above = {
        epoch: Math.max(head.pos.epoch, known.epoch),
        seq: Math.max(head.pos.seq, known.seq) + MOST_LOST,
      };
      told({ kind: "history_in_doubt", above });
      await this.#hooks.endHistory(on, above);
    }
    if (claimed !== server) await endpoint.query(CLAIM, [server]);
    return (await historyOf(endpoint)).head;
  }

  async #isInDoubt(endpoint: Endpoint, claimed: string | null, server: string): Promise<boolean> {
    if (claimed === null) return false;
    const memory = this.#memory;
    if (memory === undefined || (memory.server !== claimed && claimed !== server)) return true;
    if (claimed !== server && !memory.synchronous) return true;
    return !(await hasHead(endpoint, memory.head));
  }

  #cut(): void {
    const reign = this.#reign;
    if (reign === undefined) return;
    this.#reign = undefined;
    // Whoever waits for this server is answered now, by a fault.
    for (const client of reign.clients) client.end().catch(() => undefined);
    reign.room.empty(new Error("the server proves no more that it is the primary"));
    reign.pool.end().catch(() => undefined);
    this.#options.told({ kind: "lost", cause: reign.endpoint.failure });
  }
}

function clusterOf(server: string): string {
  return server.slice(0, server.indexOf("/"));
}
