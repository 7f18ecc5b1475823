import assert from "node:assert/strict";
import { test } from "node:test";
import { parseText } from "./document.ts";

test("a file of many names is read in the time that its length needs [NB-55]", () => {
  const text = Array.from({ length: 20_000 }, (_, at) => `client-${at}: {}`).join("\n");
  const before = process.cpuUsage();
  const read = parseText(text, "YAML");
  const { user } = process.cpuUsage(before);
  assert.ok(read.ok);
  assert.equal(Object.keys(read.members).length, 20_000);
  assert.ok(user < 3_000_000, `${user} microseconds`);
});

test("a name that stands twice is found at any depth and in any spelling, and where it stands is told", () => {
  const problem = (text: string): string | true => {
    const read = parseText(text, "YAML");
    return read.ok || read.problem;
  };
  const twice = "has to be YAML: Map keys must be unique at line";
  assert.equal(problem("a:\n  - b: 1\n    c: 2\n    b: 3\n"), `${twice} 4, column 5`);
  assert.equal(problem('a: 1\n"\\u0061": 2\n'), `${twice} 2, column 1`);
  assert.equal(problem('{1: {}, "1": {}}'), `${twice} 1, column 9`);
  assert.equal(problem("a: {b: 1}\nb: {b: 1}\n"), true);
});
