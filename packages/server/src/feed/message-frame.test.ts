import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { messageFrame, sharedFrames } from "./message-frame.ts";
import type { Message } from "./outbox.ts";

const heads: readonly [length: number, head: readonly number[]][] = [
  [0, [0]],
  [125, [125]],
  [126, [126, 0, 126]],
  [65_535, [126, 255, 255]],
  [65_536, [127, 0, 0, 0, 0, 0, 1, 0, 0]],
];
for (const [length, head] of heads) {
  test(`a frame of ${length} bytes has the head that RFC 6455 gives it, and the message behind it`, () => {
    const text = "a".repeat(length);
    for (const [opcode, message] of [
      [0x81, text],
      [0x82, Buffer.from(text)],
    ] as const) {
      const frame = messageFrame(message);
      assert.deepEqual([...frame.subarray(0, 1 + head.length)], [opcode, ...head]);
      assert.equal(frame.length, 1 + head.length + length);
      assert.equal(frame.toString("latin1", 1 + head.length), "a".repeat(length));
    }
  });
}

test("somebody else's client reads texts and bytes of every length between others, each once and in order", async (t) => {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const messages: readonly Message[] = [
    "",
    "é",
    "x".repeat(125),
    "é".repeat(63),
    "y".repeat(65_535),
    "z".repeat(65_536),
    "z".repeat(65_536),
    Buffer.alloc(65_536, 255),
    Uint8Array.of(0, 1),
    "end",
  ];
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const frames = sharedFrames();
      webSocket.send("first");
      for (const message of messages) socket.write(frames(message));
      webSocket.close(1000);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const seen: Message[] = [];
  client.on("message", (data: Buffer, isBinary) => seen.push(isBinary ? data : data.toString()));
  const [code] = await once(client, "close");
  assert.equal(code, 1000);
  assert.deepEqual(
    seen,
    ["first", ...messages].map((message) => (typeof message === "string" ? message : Buffer.from(message))),
  );
});

test("a text that is sent to many is made into a frame once", () => {
  const frames = sharedFrames();
  const one = frames("notice");
  assert.equal(frames("notice"), one);
  assert.notEqual(frames("other"), one);
  assert.deepEqual(frames("notice"), one);
});
