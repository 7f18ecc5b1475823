// Connections between verifiers and nodes. Each direction keeps its order, as TCP does; beyond that anything may happen:
// delay, a held or a severed line, a peer that died without a word, a broken proxy that loses or repeats a frame.

import type { Connection, OpenConnection } from "@hallpass/verifier/simulation";
import type { History } from "./history.ts";
import type { Machine } from "./machine.ts";
import type { SeededDice } from "./seeded-dice.ts";
import type { TimeLine } from "./time-line.ts";

/** What a node gives a connection that it let in. */
export interface Served {
  receive(text: string): void;
  closed(): void;
}

/** What a node can do with a connection. */
export interface NodeEnd {
  send(message: string | Uint8Array): void;
  close(code: number): void;
}

export interface FeedServer {
  readonly machine: Machine;
  readonly up: boolean;
  /** Undefined: refused before the upgrade. */
  accept(token: string, end: NodeEnd): Promise<Served | undefined>;
}

/** The line between one verifier and one node. Times are true times. */
export interface LineWeather {
  /** What is sent waits until then, and arrives. */
  heldUntil: number;
  slowUntil: number;
  /** Frames to the verifier that are lost, or come twice. */
  lose: number;
  repeat: number;
}

export interface FeedNetworkDeps {
  readonly line: TimeLine;
  readonly dice: SeededDice;
  readonly history: History;
  readonly servers: readonly FeedServer[];
}

interface Live {
  readonly verifier: Machine;
  readonly server: FeedServer;
  readonly serverLife: number;
  severed: boolean;
  readonly endVerifier: (code: number) => void;
  readonly endServer: () => void;
}

export class FeedNetwork {
  readonly #deps: FeedNetworkDeps;
  readonly #weather = new Map<string, LineWeather>();
  #live: Live[] = [];

  constructor(deps: FeedNetworkDeps) {
    this.#deps = deps;
  }

  weather(verifier: string, node: string): LineWeather {
    const key = `${verifier} ${node}`;
    const known = this.#weather.get(key);
    if (known !== undefined) return known;
    const calm: LineWeather = { heldUntil: 0, slowUntil: 0, lose: 0, repeat: 0 };
    this.#weather.set(key, calm);
    return calm;
  }

  /** Frames vanish in both directions from now on, and neither side is told. */
  sever(verifier: Machine): void {
    for (const one of this.#live) if (one.verifier === verifier) one.severed = true;
  }

  /** What hung on a machine ends. Silently: the other side learns nothing until it asks. */
  died(machine: Machine, silent: boolean): void {
    for (const one of this.#live) {
      if (one.verifier !== machine && one.server.machine !== machine) continue;
      if (silent) one.severed = true;
      else if (one.verifier === machine) one.endServer();
      else one.endVerifier(1006);
    }
    this.#live = this.#live.filter((one) => one.server.machine !== machine && one.verifier !== machine);
  }

  connect(open: OpenConnection, verifier: Machine): Connection {
    const { line, dice, history, servers } = this.#deps;
    const server = dice.pick(servers);
    const weather = this.weather(verifier.name, server.machine.name);
    const toServer = new Pipe(line, dice, weather, server.machine, server.machine.life);
    const toVerifier = new Pipe(line, dice, weather, verifier, verifier.life);
    let served: Served | undefined;
    let over = false;
    let closing = false;
    const endVerifier = (code: number): void =>
      toVerifier.send(() => {
        if (over) return;
        over = true;
        open.onClose(code);
      });
    const endServer = (): void => toServer.send(() => served?.closed());
    const one: Live = { verifier, server, serverLife: server.machine.life, severed: false, endVerifier, endServer };
    this.#live.push(one);

    const end: NodeEnd = {
      send: (message) => {
        if (closing || one.severed) return;
        const isText = typeof message === "string";
        if (weather.lose > 0 && (!isText || message.includes('"notices"'))) {
          weather.lose -= 1;
          history.add(verifier.name, "frame lost", isText ? message.slice(0, 60) : "a part of a snapshot, packed");
          return;
        }
        const times = weather.repeat > 0 ? 2 : 1;
        weather.repeat = Math.max(0, weather.repeat - 1);
        for (let time = 0; time < times; time += 1)
          toVerifier.send(() => {
            if (one.severed) return;
            if (isText) open.onText(message);
            else open.onBytes(message);
          });
      },
      close: (code) => {
        closing = true;
        if (!one.severed) endVerifier(code);
      },
    };
    const upgrade = async (): Promise<void> => {
      served = await server.accept(open.token, end);
      if (served === undefined) endVerifier(1006);
      else toVerifier.send(() => (over ? undefined : open.onOpen()));
    };
    // A server that is not there answers nothing by itself; the network does.
    if (server.up) toServer.send(() => void upgrade());
    else line.after(dice.between(1, 50), () => endVerifier(1006));
    return {
      send: (text) => {
        if (over) return;
        // A peer that lives again knows nothing of this connection.
        if (server.machine.life !== one.serverLife && server.up) endVerifier(1006);
        else if (!one.severed) toServer.send(() => served?.receive(text));
      },
      close: () => {
        if (over) return;
        over = true;
        if (!one.severed) endServer();
      },
    };
  }
}

/** One direction: what is sent first arrives first. */
class Pipe {
  readonly #line: TimeLine;
  readonly #dice: SeededDice;
  readonly #weather: LineWeather;
  readonly #to: Machine;
  readonly #life: number;
  readonly #waiting: (() => void)[] = [];

  constructor(line: TimeLine, dice: SeededDice, weather: LineWeather, to: Machine, life: number) {
    this.#line = line;
    this.#dice = dice;
    this.#weather = weather;
    this.#to = to;
    this.#life = life;
  }

  send(arrive: () => void): void {
    const { now } = this.#line;
    const way = now < this.#weather.slowUntil ? this.#dice.between(200, 4000) : this.#dice.span(15, 300);
    this.#waiting.push(arrive);
    // Whatever arrives is the first that waits, so that no delay and no pause changes the order.
    const held = Math.max(0, this.#weather.heldUntil - now);
    this.#line.after(held + way, () => this.#waiting.shift()?.(), this.#to, this.#life);
  }
}
