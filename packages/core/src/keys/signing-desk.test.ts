import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signingDesk } from "./signing-desk.ts";

function aDesk(sign = (input: string): Uint8Array => Buffer.from(input)) {
  const turns: (() => void)[] = [];
  const signed: string[] = [];
  const desk = signingDesk(
    (input) => {
      signed.push(input);
      return sign(input);
    },
    (task) => turns.push(task),
  );
  return { desk, turns, signed };
}

describe("signatures that are asked for in one turn", () => {
  it("are made in a row, in one further turn, each for its own input", async () => {
    const { desk, turns, signed } = aDesk();
    const answers = ["a", "b", "c"].map((input) => desk(input));
    assert.deepEqual([turns.length, signed], [1, []]);
    turns[0]?.();
    assert.deepEqual(signed, ["a", "b", "c"]);
    const texts = (await Promise.all(answers)).map((bytes) => Buffer.from(bytes).toString());
    assert.deepEqual(texts, ["a", "b", "c"]);
  });

  it("leave what is asked for afterwards to the turn after", async () => {
    const { desk, turns, signed } = aDesk();
    const first = desk("a");
    turns[0]?.();
    await first;
    const second = desk("b");
    assert.deepEqual([turns.length, signed], [2, ["a"]]);
    turns[1]?.();
    assert.equal(Buffer.from(await second).toString(), "b");
  });

  it("fail each for itself", async () => {
    const { desk, turns } = aDesk((input) => {
      if (input === "bad") throw new Error("no key");
      return Buffer.from(input);
    });
    const bad = assert.rejects(desk("bad"), { message: "no key" });
    const good = desk("good");
    turns[0]?.();
    await bad;
    assert.equal(Buffer.from(await good).toString(), "good");
  });
});
