import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { sharedFrames, textFrame } from "./text-frame.ts";

const heads: readonly [length: number, head: readonly number[]][] = [
  [0, [0x81, 0]],
  [125, [0x81, 125]],
  [126, [0x81, 126, 0, 126]],
  [65_535, [0x81, 126, 255, 255]],
  [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
];
for (const [length, head] of heads) {
  test(`a frame of ${length} bytes has the head that RFC 6455 gives it, and the text behind it`, () => {
    const frame = textFrame("a".repeat(length));
    assert.deepEqual([...frame.subarray(0, head.length)], head);
    assert.equal(frame.length, head.length + length);
    assert.equal(frame.toString("latin1", head.length), "a".repeat(length));
  });
}

test("somebody else's client reads texts of every length between others, each once and in order", async (t) => {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const texts = [
    "",
    "é",
    "x".repeat(125),
    "é".repeat(63),
    "y".repeat(65_535),
    "z".repeat(65_536),
    "z".repeat(65_536),
    "end",
  ];
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const frames = sharedFrames();
      webSocket.send("first");
      for (const text of texts) socket.write(frames(text));
      webSocket.close(1000);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const seen: string[] = [];
  client.on("message", (data) => seen.push((data as Buffer).toString()));
  const [code] = await once(client, "close");
  assert.deepEqual([code, seen], [1000, ["first", ...texts]]);
});

test("a text that is sent to many is made into a frame once", () => {
  const frames = sharedFrames();
  const one = frames("notice");
  assert.equal(frames("notice"), one);
  assert.notEqual(frames("other"), one);
  assert.deepEqual(frames("notice"), one);
});
