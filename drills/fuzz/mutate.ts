// From a text that is accepted to one beside it: by characters, by words that formats are made of, and inside JSON by its own structure.

import type { Random } from "./random.ts";

const CHARACTERS = "\0\t\n\r \"%&'+,-./09:;=?@AZ[\\]_az{}~"
  .split("")
  .concat(["\u007f", "\u0085", "é", "\u2028", "\ud800", "\ufeff", "😀"]);

export function mutated(random: Random, text: string, words: readonly string[]): string {
  let now = text;
  for (let times = 1 + random.below(3); times > 0; times -= 1) now = once(random, now, words);
  return now;
}

function once(random: Random, text: string, words: readonly string[]): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + 1 + random.below(8));
  switch (random.below(9)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, at) + random.oneOf(CHARACTERS) + text.slice(at);
    case 2:
      return text.slice(0, at) + random.oneOf(CHARACTERS) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + text.slice(at, to).repeat(2) + text.slice(to);
    case 4:
      return text.slice(0, at) + random.oneOf(words) + text.slice(at);
    case 5:
      return text.slice(0, at) + random.oneOf(words) + text.slice(to);
    case 6:
      return text.slice(0, at);
    case 7:
      return text.slice(0, at) + flippedCase(text.slice(at, to)) + text.slice(to);
    default:
      return text.slice(0, at) + text.slice(at, at + 1).repeat(1 + random.below(300)) + text.slice(at);
  }
}

function flippedCase(text: string): string {
  return text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase();
}

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e21,
  2 ** 31,
  2 ** 53,
  2 ** 53 - 1,
  -(2 ** 53),
  "",
  " ",
  "a",
  "\0",
  "😀",
  [],
  {},
  [[]],
  [null],
  { a: 1 },
];
const NAMES = [
  "",
  "a",
  "__proto__",
  "constructor",
  "toString",
  "alg",
  "kid",
  "iss",
  "sub",
  "aud",
  "exp",
  "type",
  "pos",
  "n",
];

/** One member, element or value somewhere inside is another; now and then a member stands twice, which no object can say. */
export function mutatedJson(random: Random, json: string): string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return json;
  }
  const text = JSON.stringify(changedInside(random, value, 0)) ?? "null";
  if (random.below(12) !== 0) return text;
  const member = `${JSON.stringify(random.oneOf(NAMES))}:${JSON.stringify(random.oneOf(VALUES))}`;
  return text.startsWith("{") && text.length > 2 ? `{${member},${text.slice(1)}` : text;
}

function changedInside(random: Random, value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || random.below(depth + 3) === 0) return another(random, value);
  if (Array.isArray(value)) {
    const items: unknown[] = [...value];
    const at = random.below(items.length);
    if (items.length === 0 || random.below(4) === 0) items.splice(at, random.below(2), random.oneOf(VALUES));
    else items[at] = changedInside(random, items[at], depth + 1);
    return items;
  }
  const entries = Object.entries(value);
  const at = random.below(entries.length);
  const entry = entries[at];
  if (entry === undefined || random.below(5) === 0) entries.push([random.oneOf(NAMES), random.oneOf(VALUES)]);
  else if (random.below(6) === 0) entries.splice(at, 1);
  else entries[at] = [entry[0], changedInside(random, entry[1], depth + 1)];
  return Object.fromEntries(entries);
}

function another(random: Random, value: unknown): unknown {
  if (typeof value === "string" && random.below(2) === 0)
    return once(random, value, ["a", "\0", " ", "https://a.example", "1.1"]);
  if (typeof value === "number" && random.below(2) === 0)
    return value + random.oneOf([-1, 1, 0.5, 2 ** 31, -value * 2]);
  return random.oneOf(VALUES);
}
