// What a pattern covers, and when one mandate is within another.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  EVERYTHING,
  isEverything,
  isWithin,
  type Mandate,
  mandateOf,
  parsePattern,
  permits,
  permitsAll,
} from "./mandate.ts";

const none: Mandate = { clients: [], audiences: [], subjects: [], policies: [], acr: [], amr: [] };

test("a pattern is a text or a prefix, and nothing else is special [MAN-1]", () => {
  assert.ok(permits(["web"], "web") && permits(["shop-*"], "shop-") && permits(["*"], "anything"));
  for (const [pattern, value] of [
    ["web", "web2"],
    ["web", "we"],
    ["shop-*", "shop"],
    ["shop-*", "Shop-1"],
    ["a.c", "abc"],
    ["https://a.example/*", "https://a.example.evil/"],
  ] as const)
    assert.ok(!permits([pattern], value), `${pattern} covers ${value}`);
  assert.ok(!permits([], "web"));
});

test("several things are permitted if each of them is, by any of the patterns [MAN-1]", () => {
  assert.ok(permitsAll(["web", "shop-*"], ["shop-1", "web"]) && permitsAll([], []));
  assert.ok(!permitsAll(["web", "shop-*"], ["web", "other"]));
});

test("what could be read in two ways is no pattern", () => {
  for (const text of ["", "a*b", "**", "*a", "a\nb", "a\u2028", "x".repeat(513)])
    assert.equal(parsePattern(text), undefined);
  for (const text of ["*", "a", "a*", "a?[b]", "ü*", "x".repeat(512)]) assert.equal(parsePattern(text), text);
});

test("a mandate is within another exactly part by part [MAN-5]", () => {
  assert.ok(isWithin(none, none) && isWithin(EVERYTHING, EVERYTHING) && isWithin(none, EVERYTHING));
  assert.ok(!isWithin(EVERYTHING, none));
  const shop: Mandate = { ...EVERYTHING, clients: ["shop-*"] };
  assert.ok(isWithin({ ...shop, clients: ["shop-a*", "shop-b"] }, shop));
  for (const clients of [["*"], ["shop*"], ["shop"], ["shop-a", "web"]])
    assert.ok(!isWithin({ ...shop, clients }, shop), clients.join());
  assert.ok(!isWithin({ ...shop, acr: ["*"] }, { ...shop, acr: ["low"] }));
});

test("whatever a narrower mandate permits, the wider one permits, too", () => {
  const text = fc.stringMatching(/^[ab]{0,3}$/);
  const pattern = fc.stringMatching(/^[ab]{1,3}\*?$|^\*$/);
  fc.assert(
    fc.property(
      fc.array(pattern, { maxLength: 3 }),
      fc.array(pattern, { maxLength: 3 }),
      text,
      (narrow, wide, value) => {
        const isNarrower = isWithin({ ...none, subjects: narrow }, { ...none, subjects: wide });
        return !isNarrower || !permits(narrow, value) || permits(wide, value);
      },
    ),
  );
});

test("who was registered before there were mandates acts for everyone [MAN-6]", () => {
  assert.ok(isEverything(mandateOf({})));
  for (const part of Object.keys(EVERYTHING))
    assert.ok(!isEverything(mandateOf({ mandate: { ...EVERYTHING, [part]: ["a"] } })), part);
});
