// A real process on a real signal.

import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { startServing } from "../testing/serving-process.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} drains a process that has an idle connection, and it leaves with 0 and its last lines written`, async (t) => {
    const { child, url, left, output } = await startServing(t);
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    // Answered: a connection that the kernel alone has accepted is reset when the server ends.
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
    child.kill(signal);
    assert.equal(await left, 0);
    assert.match(output(), /"event":"closed"/);
  });
}

test("a process whose log is not read although its reader lives answers all the same, drains and leaves with 0", async (t) => {
  const { child, url, left } = await startServing(t);
  child.stdout?.pause();
  // Their lines are three times what a pipe holds; as many at once as are let in for certain.
  const [ROUNDS, ASKED] = [30, 50];
  const request = `GET /v1/clients HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${"x".repeat(128)}\r\n\r\n`;
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.setEncoding("latin1");
  for (let round = 0; round < ROUNDS; round += 1) {
    socket.write(request.repeat(ASKED));
    let answers = "";
    while (answers.split("HTTP/1.1 401").length <= ASKED) {
      const [chunk] = await once(socket, "data");
      answers += String(chunk);
    }
    // The body of the last one.
    while (!answers.endsWith("}")) answers += String((await once(socket, "data"))[0]);
  }
  child.kill("SIGTERM");
  assert.equal(await left, 0);
});

test("a process whose log nobody reads any more, and whose data directory is gone, answers, drains and leaves with 0", async (t) => {
  const { child, data, url, left, stopReading } = await startServing(t);
  stopReading();
  rmSync(data, { recursive: true });
  // Its line of the log is what can't be written.
  assert.equal((await fetch(`${url}/v1/clients`)).status, 401);
  child.kill("SIGTERM");
  assert.equal(await left, 0);
});
