// What stands in docs/performance.md is what was measured, and nothing else.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { staleOf } from "../../scripts/printed-pages.ts";
import { allKept, keepAll } from "../kept.ts";
import { machine } from "../machine.ts";
import { figureOf, resultOf } from "../result.ts";
import type { Ran } from "../run.ts";
import { tableOf } from "../table.ts";
import { GOALS, type Goal, judge } from "./goals.ts";
import { anchorOf, pagesOf } from "./page.ts";
import { SECTIONS } from "./sections.ts";

const root = join(import.meta.dirname, "../..");
const RESULT = resultOf({
  id: "sign",
  title: "an access token is signed",
  of: "contender",
  rows: [
    { name: "floor: bare", figures: { rate: [100, 110, 90], "p99 ms": [2, 2, 2] } },
    { name: "Hallpass", figures: { rate: [80, 77, 72], "p99 ms": [] } },
  ],
  compared: { figure: "rate", with: ["floor: bare"] },
});
const RAN: Ran = {
  results: [RESULT],
  passed: true,
  date: "2026-11-22T10:41Z",
  seconds: 3,
  machine: machine(),
  load: { before: [1, 1, 1], after: [1, 1, 1], others: 0 },
};
const HOW = { command: "npm run bench -- --only sign", commit: "0000000", quick: false, leftOut: ["jose"] };

function inDirectory(work: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-bench-kept-"));
  try {
    work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("the page of measurements is what the kept results say, and one figure more or less makes it stale", () => {
  const kept = allKept();
  assert.deepEqual(staleOf("bench", pagesOf(kept)), []);
  for (const [id, result] of kept) {
    const [row, ...rows] = result.rows.map((one) => ({ ...one }));
    assert.ok(row !== undefined, id);
    const [[name, figure] = assert.fail(id)] = Object.entries(row.figures);
    const changed = { ...row, figures: { ...row.figures, [name]: figureOf([figure.median * 1.1 + 1]) } };
    const stale = staleOf("bench", pagesOf(new Map([...kept, [id, { ...result, rows: [changed, ...rows] }]])));
    assert.ok(stale.includes("docs/performance.md is not what the results say"), id);
    const without = new Map([...kept].filter(([one]) => one !== id));
    assert.notDeepEqual(staleOf("bench", pagesOf(without)), [], id);
  }
});

test("a result that no section shows is found, and every goal is about a result that one shows", () => {
  inDirectory((directory) => {
    keepAll({ ...RAN, results: [{ ...RESULT, id: "nobodys" }] }, HOW, directory);
    assert.throws(() => pagesOf(allKept(directory)), /nobodys/);
  });
  const shown = new Set(SECTIONS.flatMap(({ results }) => results.map(({ id }) => id)));
  assert.deepEqual(
    GOALS.map(({ result }) => result).filter((id) => !shown.has(id)),
    [],
  );
});

test("medians and spreads that are kept are those of their rounds", () => {
  for (const [id, { rows }] of allKept())
    for (const { name, figures } of rows)
      for (const [of, figure] of Object.entries(figures))
        assert.deepEqual(figure, figureOf(figure.rounds), `${id}, ${name}, ${of}`);
});

test("whoever a goal is about stands in the result that is kept", () => {
  const kept = allKept();
  for (const goal of GOALS)
    if (kept.get(goal.result)?.quick === false)
      assert.notEqual(judge(goal, kept).value, undefined, `${goal.of}: ${goal.rows.join()}`);
});

test("a goal is met at its bound and missed beyond it", () => {
  inDirectory((directory) => {
    keepAll(RAN, HOW, directory);
    const kept = allKept(directory);
    const goal = { of: "a signature", result: "sign", rows: ["Hallpass"], figure: "rate" };
    const isMet = (one: Pick<Goal, "bound" | "beside">): boolean => judge({ ...goal, ...one }, kept).isMet;
    // Medians of the rounds' ratios: 0.8, 0.7, 0.8.
    assert.equal(isMet({ beside: "floor: bare", bound: { atLeast: 0.8 } }), true);
    assert.equal(isMet({ beside: "floor: bare", bound: { atLeast: 0.801 } }), false);
    assert.equal(isMet({ bound: { atMost: 77 } }), true);
    assert.equal(isMet({ bound: { atMost: 76 } }), false);
    assert.equal(isMet({ beside: "nobody", bound: { atLeast: 0 } }), false);
    assert.equal(judge({ ...goal, figure: "p99 ms", bound: { atMost: 5 } }, kept).value, undefined);
  });
});

test("whoever misses a goal by less than is shown of a figure is not printed as its bound", () => {
  const kept = allKept();
  for (const { bound, figure, result, rows } of GOALS) {
    const all = kept.get(result);
    if (all === undefined || !("atMost" in bound)) continue;
    const missing = { [figure]: figureOf([bound.atMost * 1.0001]) };
    const missed = all.rows.map((row) =>
      rows.includes(row.name) ? { ...row, figures: { ...row.figures, ...missing } } : row,
    );
    const page = pagesOf(new Map([...kept, [result, { ...all, rows: missed }]])).get("performance.md") ?? "";
    const shown = new RegExp(`at most ([\\d.,]+) \\| \\1 \\| \\[\\*\\*missed`);
    assert.doesNotMatch(page, shown, `${result}, ${figure}`);
  }
});

test("a failed run keeps nothing, a quick one leaves a whole one, and who was left out is named", () => {
  inDirectory((directory) => {
    assert.deepEqual(keepAll({ ...RAN, passed: false }, HOW, directory), []);
    assert.deepEqual(readdirSync(directory), []);
    assert.deepEqual(keepAll(RAN, { ...HOW, quick: true }, directory), []);
    assert.equal(allKept(directory).get("sign")?.quick, true);
    assert.deepEqual(keepAll(RAN, HOW, directory), []);
    assert.deepEqual(keepAll(RAN, { ...HOW, quick: true }, directory), ["sign"]);
    assert.deepEqual(readdirSync(directory), ["sign.json"]);
    const { quick, leftOut, rows } = allKept(directory).get("sign") ?? assert.fail();
    assert.deepEqual([quick, leftOut, rows], [false, ["jose"], RESULT.rows]);
  });
});

test("what was not measured is no figure, and a flag that a measurement does not have is refused", () => {
  for (const values of [[], [Number.NaN], [1, Number.POSITIVE_INFINITY]])
    assert.throws(() => figureOf(values), RangeError);
  assert.equal(
    tableOf(RESULT),
    [
      "| contender | rate (spread) | × floor: bare | p99 ms |",
      "| --- | ---: | ---: | ---: |",
      "| floor: bare | 100 (90–110) | 1.00 | 2 |",
      "| **Hallpass** | 77 (72–80) | 0.80 | – |",
    ].join("\n"),
  );
  const args = ["--conditions=hallpass-source", join(root, "bench/main.ts"), "--only", "sign", "--store", "sqlite"];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.notEqual(status, 0);
  assert.match(stderr, /sign has no --store, but --rounds/);
});

test("every link into the page of measurements leads to one of its headings", () => {
  const page = readFileSync(join(root, "docs/performance.md"), "utf8");
  const anchors = new Set([...page.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => anchorOf(title)));
  const files = globSync(["*.md", "{docs,spec,bench,examples,packages,conformance}/**/*.md"], {
    cwd: root,
    exclude: (path) => path.includes("node_modules"),
  });
  const links = files.flatMap((file) => [
    ...readFileSync(join(root, file), "utf8").matchAll(/(?<!-)\bperformance\.md#([\w-]+)/g),
  ]);
  assert.ok(links.length > 0);
  assert.deepEqual(
    links.map(([, anchor = ""]) => anchor).filter((anchor) => !anchors.has(anchor)),
    [],
  );
});
