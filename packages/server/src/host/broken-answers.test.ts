// When what should answer breaks: whoever asked is cut off and does not wait, and its place is given back.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, test } from "node:test";
import { SILENT } from "../observe/observer.ts";
import type { Reply } from "../replies.ts";
import { ISSUER, scene } from "../testing/scene.ts";
import { createAdmission } from "./admission.ts";
import { listen } from "./node-host.ts";
import { systemClock, systemDice, systemScheduler } from "./system-ports.ts";

const stage = await scene();
const dice = systemDice();
const admission = createAdmission({ clock: systemClock, scheduler: { after: () => () => {} }, dice, told: () => {} });
const answer: typeof stage.hallpass.answer = async (request, body, peer): Promise<Reply> => {
  if (request.target === "/v1/broken") throw new Error("a defect of what stands above every endpoint");
  if (request.target === "/v1/split") return { status: 200, headers: { "x-two": "a\r\nb" }, body: "" };
  return stage.hallpass.answer(request, body, peer);
};
const hallpass = { ...stage.hallpass, answer };
const at = { scheduler: systemScheduler, issuer: ISSUER, host: "127.0.0.1", port: 0, attach: () => {} };
const host = await listen({ hallpass, observer: SILENT, admission, dice, clock: systemClock, ...at });
after(() => host.close(1000));

/** All that came until the connection closed. */
function talk(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(host.port, "127.0.0.1", () => socket.write(text));
    let told = "";
    socket.setEncoding("latin1").on("data", (piece: string) => {
      told += piece;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(told));
  });
}

const HEAD = "HTTP/1.1\r\nHost: localhost\r\n";
const underWay = (): number => admission.lanes.reduce((sum, lane) => sum + lane.underWay, 0);

for (const path of ["/v1/broken", "/v1/split"]) {
  for (const [what, more] of [
    ["with a body", "Content-Length: 2\r\n\r\nhi"],
    ["without a body", "Content-Length: 0\r\n\r\n"],
  ] as const) {
    test(`a request ${what} to ${path}, which can't be answered, is cut off, and its place is free again`, {
      timeout: 20_000,
    }, async () => {
      assert.equal(await talk(`POST ${path} ${HEAD}${more}`), "");
      assert.equal(underWay(), 0);
      assert.match(await talk(`GET /healthz ${HEAD}Connection: close\r\n\r\n`), /^HTTP\/1\.1 200 /);
    });
  }
}
