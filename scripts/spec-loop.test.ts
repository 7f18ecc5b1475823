// Negative controls of the loop: each way in which spec/ and the tests can drift apart must be found.

import assert from "node:assert/strict";
import { test } from "node:test";
import { closeLoop } from "./spec-loop.ts";

const page = (...rows: string[]): string => ["| id | rule | status |", "| --- | --- | --- |", ...rows].join("\n");
const titled = (...titles: string[]): string => titles.map((title) => `test("${title}", () => {});`).join("\n");

function problemsOf(pages: Record<string, string>, source: string): readonly string[] {
  return closeLoop(new Map(Object.entries(pages)), new Map([["a.test.ts", source]])).problems;
}

test("rows and tests that name each other are a closed loop", () => {
  const pages = {
    "spec/a.md": page(
      "| REF-5 | one successor | done |",
      "| 7009-owner | theirs only | done |",
      "| FEED-3 | else | divergence |",
    ),
    "spec/divergences.md": "| id | RFC | what | why |\n| --- | --- | --- | --- |\n| FEED-3 | 1 | x | y |",
    "spec/silences.md": "| id | RFC | what | why |\n| --- | --- | --- | --- |\n| S-1 | 1 | x | y |",
  };
  const { problems, page: printed } = closeLoop(
    new Map(Object.entries(pages)),
    new Map([["a.test.ts", titled("a | b [REF-5] [7009-owner]")]]),
  );
  assert.deepEqual(problems, []);
  assert.match(printed, /^2 done, 0 rehearsed, 0 covered by these, 0 pending, 1 divergences, 1 silences\.$/m);
  assert.match(printed, /^\| REF-5 \| done \| a \\\| b \[REF-5\] \[7009-owner\] \(`a\.test\.ts`\) \|$/m);
});

test("a rehearsed row is carried by a program, and a pending one by nobody", () => {
  const pages = new Map([["spec/a.md", page("| A-1 | x | rehearsed |", "| A-2 | y | pending |")]]);
  const programs = new Map([["drills/a/main.ts", "// What A-1 says [A-1]."]]);
  const closed = closeLoop(pages, new Map(), programs);
  assert.deepEqual(closed.problems, []);
  assert.match(closed.page, /^\| A-1 \| rehearsed \| `drills\/a\/main\.ts` \|$/m);
  assert.match(closeLoop(pages, new Map()).problems.join(), /A-1 is "rehearsed" and no program carries/);
});

test("a covered row names rows that are shown", () => {
  const covered = (caughtBy: string): string =>
    ["| id | caught by | status |", "| --- | --- | --- |", `| ADV-1 | ${caughtBy} | covered |`].join("\n");
  const shown = page("| A-1 | x | done |", "| A-2 | y | pending |");
  const problems = (caughtBy: string): string =>
    problemsOf({ "spec/a.md": shown, "spec/b.md": covered(caughtBy) }, titled("a [A-1]")).join();
  assert.equal(problems("A-1"), "");
  for (const caughtBy of ["", "A-2", "A-1 A-2", "A-3"])
    assert.match(problems(caughtBy), /ADV-1 is "covered" by what is not shown/);
});

const broken: readonly [title: string, pages: Record<string, string>, source: string, problem: RegExp][] = [
  [
    "a done row without a test",
    { "spec/a.md": page("| REF-5 | x | done |") },
    titled("a [REF-6x1]", "b"),
    /REF-5 is "done" and no test/,
  ],
  [
    "a test of an unknown id",
    { "spec/a.md": page("| REF-5 | x | done |") },
    titled("a [REF-5]", "b [REF-9]"),
    /names \[REF-9\]/,
  ],
  [
    "an id that only stands in a comment",
    { "spec/a.md": page("| REF-5 | x | done |") },
    `// ${titled("a [REF-5]")}`,
    /no test/,
  ],
  ["an unknown status", { "spec/a.md": page("| REF-5 | x | soon |") }, titled("a [REF-5]"), /the status "soon"/],
  ["a row without a status", { "spec/a.md": page("| REF-5 | x |") }, titled("a [REF-5]"), /has 2 cells/],
  ["an id that is none", { "spec/a.md": page("| some words | x | done |") }, "", /"some words" is no id/],
  [
    "an id that stands twice",
    { "spec/a.md": page("| REF-5 | x | done |"), "spec/b.md": page("| REF-5 | y | done |") },
    titled("a [REF-5]"),
    /already stands in/,
  ],
  [
    "a divergence that nobody explains",
    { "spec/a.md": page("| REF-5 | x | divergence |") },
    "",
    /spec\/divergences\.md has no row/,
  ],
];

for (const [title, pages, source, problem] of broken) {
  test(`the loop finds ${title}`, () => {
    assert.match(problemsOf(pages, source).join("\n"), problem);
  });
}
