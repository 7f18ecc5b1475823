import assert from "node:assert/strict";
import { test } from "node:test";
import { type Plot, svgOf } from "./plot.ts";

const plot: Plot = {
  title: "a < b & c",
  x: { name: "sessions", scale: "log" },
  y: { name: "ms" },
  series: [
    {
      name: "refresh",
      points: [
        [10, 1],
        [1000, 4],
      ],
    },
  ],
};

test("a plot has its title, its axes and a line for each series, and nothing of its texts is markup", () => {
  const svg = svgOf(plot);
  assert.equal(svg, svgOf(plot));
  assert.ok(svg.includes("a &lt; b &amp; c"));
  assert.equal(svg.match(/<polyline/g)?.length, 1);
  assert.ok(svg.includes('<polyline points="70,242.5 700,40"'), svg);
});

test("points that stand alone are drawn as circles", () => {
  assert.equal(svgOf({ ...plot, scattered: true }).match(/<circle/g)?.length, 2);
});

test("a point that can't stand on its axis is refused", () => {
  assert.throws(() => svgOf({ ...plot, series: [{ name: "a", points: [[0, 1]] }] }), RangeError);
  assert.throws(() => svgOf({ ...plot, series: [{ name: "a", points: [[1, Number.NaN]] }] }), RangeError);
});

test("a plot without points is drawn all the same", () => {
  assert.ok(svgOf({ ...plot, series: [] }).includes("</svg>"));
});
