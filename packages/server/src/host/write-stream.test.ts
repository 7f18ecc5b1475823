// A stream over a real socket: one that reads slowly, one that reads nothing, one that goes away.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { writeStream } from "./write-stream.ts";

const PIECE = `${"x".repeat(65_535)}\n`;

interface Stage {
  readonly socket: Socket;
  readonly settled: Promise<void>;
  readonly made: () => number;
  readonly ended: () => boolean;
}

/** Serves pieces without end, or so many, to one connection that reads nothing until it is told to. */
async function serving(t: TestContext, most: number, stalledMs: number): Promise<Stage> {
  let made = 0;
  let ended = false;
  async function* pieces(): AsyncGenerator<string, void> {
    try {
      for (; made < most; made += 1) yield PIECE;
    } finally {
      ended = true;
    }
  }
  const { promise: settled, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer((_, outgoing: ServerResponse) => {
    outgoing.writeHead(200).flushHeaders();
    writeStream(outgoing, pieces(), stalledMs).then(resolve, reject);
  });
  t.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(server, "request");
  return { socket, settled, made: () => made, ended: () => ended };
}

test("a reader that reads nothing is cut after its time, with a few megabytes made for it at most [LOG-5]", async (t) => {
  const { settled, made, ended } = await serving(t, Number.MAX_SAFE_INTEGER, 200);
  await settled;
  assert.ok(ended());
  assert.ok(made() < 500, `${made()} pieces of 64 KiB`);
});

test("a reader that goes away ends the pieces [LOG-5]", async (t) => {
  const { socket, settled, ended } = await serving(t, Number.MAX_SAFE_INTEGER, 60_000);
  socket.destroy();
  await settled;
  assert.ok(ended());
});

test("a reader that is slow gets everything, in its time [LOG-5]", async (t) => {
  const { socket, settled } = await serving(t, 200, 60_000);
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  await settled;
  while (bytes < 200 * PIECE.length) await once(socket, "data");
});

test("a stream that breaks is cut, so that nobody takes it for whole [LOG-4]", async (t) => {
  async function* broken(): AsyncGenerator<string, void> {
    yield "a\n";
    throw new Error("broken");
  }
  const server = createServer((_, outgoing) => {
    outgoing.writeHead(200).flushHeaders();
    writeStream(outgoing, broken()).catch(() => undefined);
  });
  t.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await assert.rejects(response.text());
});
