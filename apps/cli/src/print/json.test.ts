import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonText } from "./json.ts";

test("nothing that steers a terminal stands in JSON as it is, and all of it is read again [NB-35]", () => {
  const steering = ["\u009b2J", "\u001b[2J", "\u007f", "\u0085", "\u202e", "\u2066", "\u200b", "\ue000", "\u{e0001}"];
  const value = { [steering.join("")]: [...steering, "\ud83d\udc68\u200d\ud83d\udcbb", "a\nb\\u009b", "ü – 漢 é"] };
  for (const indent of [undefined, 2]) {
    const text = jsonText(value, indent);
    assert.doesNotMatch(text, /[^\P{C}\n]/u);
    assert.deepEqual(JSON.parse(text), value);
  }
  assert.ok(jsonText(value).includes("ü – 漢 é"));
  assert.equal(jsonText({ a: [1] }, 2), JSON.stringify({ a: [1] }, null, 2));
});
