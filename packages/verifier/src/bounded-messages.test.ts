// What a node that is broken or hostile sends over a connection, and what of it is ever held.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { boundedMessages } from "./bounded-messages.ts";
import { platformPorts } from "./runtime.ts";

const LONGEST = 16 * 1024 * 1024;
const OPCODES = { on: 0, text: 1, bytes: 2 } as const;

interface Frame {
  readonly opcode: keyof typeof OPCODES;
  readonly payload: Uint8Array;
  /** As the head says it. */
  readonly length?: number;
  readonly last?: boolean;
  readonly compressed?: boolean;
}

/** RFC 6455 section 5.2; a compressed one by RFC 7692 section 6. */
function written({ opcode, payload, length = payload.length, last = true, compressed = false }: Frame): Uint8Array {
  const head = Buffer.alloc(10);
  head[0] = (last ? 0x80 : 0) | (compressed ? 0x40 : 0) | OPCODES[opcode];
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** The lengths of the messages that arrived, and how the connection ended. */
async function heard(t: TestContext, frames: readonly Frame[]): Promise<{ lengths: number[]; code: number }> {
  const server = createServer();
  server.on("upgrade", (request, socket: Duplex) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`,
      `Sec-WebSocket-Protocol: ${request.headers["sec-websocket-protocol"]}`,
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ];
    socket.on("error", () => undefined).on("data", () => socket.end());
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    for (const frame of frames) socket.write(written(frame));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { promise, resolve } = Promise.withResolvers<number>();
  const lengths: number[] = [];
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = platformPorts({ issuer, clientId: "c", clientSecret: "s" }, "push").connect({
    url: issuer.replace("http", "ws"),
    token: "t",
    onOpen: () => undefined,
    onText: ({ length }) => {
      lengths.push(length);
      connection.close(1000);
    },
    onBytes: ({ length }) => {
      lengths.push(length);
      connection.close(1000);
    },
    onClose: resolve,
  });
  return { code: await promise, lengths };
}

for (const compressed of [false, true]) {
  test(`a message of 16 MiB arrives, and one of a byte more is never held${compressed ? ", however small it came" : ""} [CONN-10]`, async (t) => {
    const of = (length: number): Frame => {
      const plain = Buffer.alloc(length, "a");
      return { opcode: "bytes", payload: compressed ? deflateRawSync(plain, { level: 1 }) : plain, compressed };
    };
    assert.deepEqual((await heard(t, [of(LONGEST)])).lengths, [LONGEST]);
    const { lengths, code } = await heard(t, [of(LONGEST + 1)]);
    assert.deepEqual([lengths, code], [[], 1006]);
  });
}

test("a connection ends by what the head of a frame says, before the frame is there [CONN-10]", async (t) => {
  const { lengths, code } = await heard(t, [{ opcode: "text", payload: new Uint8Array(0), length: LONGEST + 1 }]);
  assert.deepEqual([lengths, code], [[], 1006]);
});

test("fragments count together, and are at most 4,096 [CONN-10]", async (t) => {
  const pieces = (count: number, length: number): Frame[] =>
    Array.from({ length: count }, (_, index) => ({
      opcode: index === 0 ? "text" : "on",
      payload: Buffer.alloc(length, "a"),
      last: index === count - 1,
    }));
  assert.deepEqual((await heard(t, pieces(4096, 1))).lengths, [4096]);
  assert.deepEqual(await heard(t, pieces(4097, 1)), { lengths: [], code: 1006 });
  assert.deepEqual(await heard(t, pieces(17, LONGEST / 16)), { lengths: [], code: 1006 });
});

test("whatever dispatches for the process dispatches the upgrade as well: a proxy that the app has set [CONN-10]", async (t) => {
  const kept = Object.getOwnPropertySymbols(globalThis).filter(({ description }) =>
    description?.startsWith("undici.globalDispatcher."),
  );
  const dispatched: unknown[] = [];
  for (const symbol of kept) {
    const own = Object.getOwnPropertyDescriptor(globalThis, symbol) ?? assert.fail("not its own");
    const set = {
      dispatch: (options: { readonly path: string }, handler: unknown) => {
        dispatched.push(options.path);
        return own.value.dispatch(options, handler);
      },
    };
    Object.defineProperty(globalThis, symbol, { ...own, value: set });
    t.after(() => Object.defineProperty(globalThis, symbol, own));
  }
  assert.deepEqual((await heard(t, [{ opcode: "text", payload: Buffer.from("hi") }])).lengths, [2]);
  assert.deepEqual(dispatched, ["/"]);
});

test("a platform that is not Node, or a Node that is not known, keeps its own bounds [CONN-10]", () => {
  assert.deepEqual(Object.keys(boundedMessages()), ["dispatcher"]);
  for (const [name, value] of [
    ["navigator", { userAgent: "Bun/1.3" }],
    ["navigator", {}],
    ["process", { versions: { undici: "9.0.0" } }],
    ["process", {}],
  ] as const) {
    const own = Object.getOwnPropertyDescriptor(globalThis, name) ?? assert.fail("not its own");
    Object.defineProperty(globalThis, name, { configurable: true, value });
    try {
      assert.deepEqual(boundedMessages(), {});
    } finally {
      Object.defineProperty(globalThis, name, own);
    }
  }
});
