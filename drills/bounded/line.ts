// One TCP connection through the proxy, both directions in order. What is lost of it can't be made good: a line that has swallowed bytes is
// dropped when it is light again, and until then neither side learns anything.

import type { Socket } from "node:net";

export interface LineWeather {
  /** Milliseconds for which each piece waits. */
  delayUp: number;
  delayDown: number;
  isHeld: boolean;
  isDarkUp: boolean;
  isDarkDown: boolean;
}

const KEPT_TO_REPEAT = 65_536;

export class Line {
  readonly #client: Socket;
  readonly #node: Socket;
  readonly #weather: LineWeather;
  readonly #up: Direction;
  readonly #down: Direction;
  /** What the verifier has sent, from its first byte on. */
  readonly sent: Buffer[] = [];
  #kept = 0;
  #swallowed = false;
  /** The verifier has gone, and the node is not told yet. */
  #isHanging = false;
  #isOver = false;

  constructor(client: Socket, node: Socket, weather: LineWeather, closed: (line: Line) => void) {
    this.#client = client;
    this.#node = node;
    this.#weather = weather;
    this.#up = new Direction(node);
    this.#down = new Direction(client);
    client.on("data", (data: Buffer) => {
      if (this.#kept < KEPT_TO_REPEAT) this.sent.push(data);
      this.#kept += data.length;
      if (weather.isDarkUp) this.#swallowed = true;
      else this.#up.put(data, weather.delayUp);
    });
    node.on("data", (data: Buffer) => {
      if (weather.isDarkDown) this.#swallowed = true;
      else this.#down.put(data, weather.delayDown);
    });
    for (const socket of [client, node]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        if (this.#isHanging || weather.isDarkUp || weather.isDarkDown || weather.isHeld) this.#swallowed = true;
        else this.end();
        if (client.destroyed && node.destroyed) closed(this);
      });
    }
  }

  /** Sends what is due. */
  turn(now: number): void {
    if (this.#weather.isHeld || this.#isHanging) return;
    this.#up.flush(now);
    this.#down.flush(now);
  }

  /** What is under way is lost with it. */
  darken(): void {
    if (this.#weather.isDarkUp && this.#up.drop()) this.#swallowed = true;
    if (this.#weather.isDarkDown && this.#down.drop()) this.#swallowed = true;
  }

  lighten(): void {
    if (this.#swallowed) this.end();
  }

  /** The verifier is cut off, and the node hears what it had sent only at `release`: behind what its next connection says. */
  hang(): void {
    this.#isHanging = true;
    this.#client.destroy();
  }

  release(): void {
    if (!this.#isHanging) return;
    this.#up.flush(Number.POSITIVE_INFINITY);
    this.#isHanging = false;
    this.#node.end();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client.destroy();
    this.#node.destroy();
  }
}

class Direction {
  readonly #to: Socket;
  #waiting: { readonly data: Buffer; readonly due: number }[] = [];

  constructor(to: Socket) {
    this.#to = to;
  }

  put(data: Buffer, delay: number): void {
    this.#waiting.push({ data, due: performance.now() + delay });
  }

  flush(now: number): void {
    for (let first = this.#waiting[0]; first !== undefined && first.due <= now; first = this.#waiting[0]) {
      this.#waiting.shift();
      if (!this.#to.destroyed) this.#to.write(first.data);
    }
  }

  /** Whether there was anything. */
  drop(): boolean {
    const some = this.#waiting.length > 0;
    this.#waiting = [];
    return some;
  }
}
