// The small ways in which a statement can be wrong and still be one. A condition that is dropped, and an assignment that is, keep their
// parameters, so that nobody notices by counting them.

import { type Word, wordsOf } from "./words.ts";

export interface Change {
  readonly mutator: string;
  /** Places in the text of the source. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

type Mutator = (words: readonly Word[], cut: (from: Word, to: Word) => string) => readonly Change[];

const OPENS = new Set(["WHERE", "ON", "HAVING", "IF", "WHEN", "ELSIF"]);
const CLOSES = new Set("ORDER GROUP LIMIT HAVING RETURNING FOR UNION THEN LOOP CROSS LEFT JOIN WHERE ; `".split(" "));
const BOUNDS = new Map([
  ["<", "<="],
  ["<=", "<"],
  [">", ">="],
  [">=", ">"],
  ["=", "<>"],
  ["<>", "="],
]);
const PAIRS = new Map([
  ["max", "min"],
  ["min", "max"],
  ["greatest", "least"],
  ["least", "greatest"],
  ["bool_or", "bool_and"],
  ["pg_advisory_xact_lock", "pg_advisory_xact_lock_shared"],
  ["pg_advisory_xact_lock_shared", "pg_advisory_xact_lock"],
]);
const STATEMENTS = new Set(["PERFORM", "INSERT", "UPDATE", "DELETE"]);
const BLOCKS = new Set(["IF", "ELSE", "FOR", "CREATE"]);

/** All changes of one statement, each for itself. */
export function changesOf(source: string, from: number, to: number): readonly Change[] {
  const words = wordsOf(source, from, to);
  const cut = (first: Word, last: Word): string => source.slice(first.from, last.to);
  const all = MUTATORS.flatMap((mutator) => mutator(words, cut));
  // What stands in a condition within a condition was found twice.
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

const conditions: Mutator = (words, cut) =>
  rangesOf(words).flatMap((range) =>
    conjunctsOf(range).map(([first, last]) =>
      change("a condition is dropped", first, last, `(${cut(first, last)} OR TRUE)`),
    ),
  );

const comparisons: Mutator = (words) =>
  rangesOf(words).flatMap((range) =>
    range.flatMap((word) => {
      const other = BOUNDS.get(word.text);
      return other === undefined ? [] : [change("a comparison is moved or turned around", word, word, other)];
    }),
  );

const negations: Mutator = (words) =>
  words.flatMap((word, at) => {
    const [before, next, after] = [words[at - 1], words[at + 1], words[at + 2]];
    if (word.text === "IS" && next?.text === "NOT" && after?.text === "NULL")
      return [change("a negation is dropped", next, next, "")];
    if (word.text === "IS" && next?.text === "NULL") return [change("a negation is added", next, next, "NOT NULL")];
    if (word.text === "IS" && next?.text === "DISTINCT")
      return [change("a negation is added", next, next, "NOT DISTINCT")];
    const isPlain = word.text === "NOT" && before?.text !== "IS" && next?.text !== "NULL" && before?.text !== "IF";
    return isPlain ? [change("a negation is dropped", word, word, "")] : [];
  });

const orders: Mutator = (words, cut) =>
  words.flatMap((word, at) => {
    if (word.text !== "ORDER") return [];
    const end = endOf(words, at + 2, new Set(["LIMIT", "FOR", ";", "LOOP"]), word.depth);
    const [first, last] = [words[at + 2], words[end - 1]];
    if (first === undefined || last === undefined) return [];
    const keys = partsOf(words.slice(at + 2, end), ",");
    const [key] = keys;
    const turned = key === undefined ? "" : `${cut(...key)} DESC${cut(key[1], last).slice(key[1].text.length)}`;
    const shorter = keys.at(-2);
    return [
      change("an order is dropped", word, last, ""),
      change("an order is turned around", first, last, turned),
      ...(shorter === undefined ? [] : [change("an order's last key is dropped", first, last, cut(first, shorter[1]))]),
    ];
  });

const limits: Mutator = (words) =>
  words.flatMap((word, at) => {
    const most = words[at + 1];
    // Whoever asks for one takes the first, however many are answered.
    if (word.text !== "LIMIT" || most === undefined || most.text === "1") return [];
    return [
      change("a limit is dropped", most, most, `${most.text} + 1000000`),
      change("a limit is one more", most, most, `${most.text} + 1`),
    ];
  });

const locks: Mutator = (words) =>
  words.flatMap((word, at) => {
    const next = words[at + 1];
    if (next === undefined) return [];
    const isLock = word.text === "FOR" && (next.text === "UPDATE" || next.text === "SHARE");
    if (!isLock && !(word.text === "SKIP" && next.text === "LOCKED")) return [];
    const skip = words[at + 2]?.text === "SKIP" ? words[at + 3] : undefined;
    return [change("a lock is not taken", word, skip ?? next, "")];
  });

const functions: Mutator = (words) =>
  words.flatMap((word, at) => {
    const other = words[at + 1]?.text === "(" ? PAIRS.get(word.text) : undefined;
    return other === undefined ? [] : [change("another function", word, word, other)];
  });

const sums: Mutator = (words) =>
  words.flatMap((word, at) => {
    const [before, after] = [words[at - 1], words[at + 1]];
    if (before === undefined || after === undefined) return [];
    if (word.text === "+" || word.text === "-") return [change("a sum", word, word, word.text === "+" ? "-" : "+")];
    const isFactor = /^(?:\)|\d+|place)$/.test(before.text) && /^(?:\d+|\$\{.*)$/.test(after.text);
    if ((word.text === "*" || word.text === "/") && isFactor)
      return [change("a product", word, word, word.text === "*" ? "/" : "*")];
    return [];
  });

const lists: Mutator = (words) =>
  words.flatMap((word, at) => {
    const next = words[at + 1];
    if (word.text === "SELECT" && next?.text === "DISTINCT")
      return [change("what is the same stands twice", next, next, "")];
    if (word.text === "UNION" && next?.text === "ALL") return [change("what is the same stands once", next, next, "")];
    if (word.text === "COLLATE" && next !== undefined) return [change("another order of letters", word, next, "")];
    const last = words[at + 6];
    const isConflict = word.text === "ON" && next?.text === "CONFLICT" && last !== undefined;
    if (!isConflict) return [];
    const nothing = words.findIndex((one, place) => place > at && one.text === "NOTHING");
    const end = words[nothing];
    return end === undefined ? [] : [change("a conflict is a fault", word, end, "")];
  });

/** `SET a = …`, each assignment for itself: the column keeps what it has. */
const assignments: Mutator = (words, cut) =>
  words.flatMap((word, at) => {
    const isOf = words.slice(Math.max(0, at - 3), at).some(({ text }) => text === "UPDATE");
    if (word.text !== "SET" || !isOf) return [];
    const alias = words[at - 2]?.text === "UPDATE" ? "" : `${words[at - 1]?.text}.`;
    const end = endOf(words, at + 1, new Set(["WHERE", "FROM", ";"]), word.depth);
    return partsOf(words.slice(at + 1, end), ",").flatMap(([first, last]) => {
      const start = words[words.indexOf(first) + 2];
      if (start === undefined) return [];
      const text = `CASE WHEN TRUE THEN ${alias}${first.text} ELSE ${cut(start, last)} END`;
      return [change("an assignment is dropped", start, last, text)];
    });
  });

/** In the body of a function of PostgreSQL. */
const steps: Mutator = (words) => {
  const body = words.findIndex(({ text }) => text === "BEGIN");
  if (!words.some(({ text }) => text === "plpgsql")) return [];
  return words.flatMap((word, at) => {
    const before = words[at - 1]?.text ?? "";
    if (at <= body || word.depth > 0 || ![";", "THEN", "ELSE", "LOOP", "BEGIN"].includes(before)) return [];
    const end = words.findIndex((one, place) => place > at && one.text === ";" && one.depth === 0);
    const last = words[end];
    const sets = words.slice(at, end).some(({ text, depth }) => text === ":=" && depth === 0);
    if (last === undefined || BLOCKS.has(word.text) || !(STATEMENTS.has(word.text) || sets)) return [];
    return [change("a statement is dropped", word, last, "NULL;")];
  });
};

const MUTATORS: readonly Mutator[] = [
  conditions,
  comparisons,
  negations,
  orders,
  limits,
  locks,
  functions,
  sums,
  lists,
  assignments,
  steps,
];

function change(mutator: string, first: Word, last: Word, text: string): Change {
  return { mutator, from: first.from, to: last.to, text };
}

/** What stands in conditions: after WHERE and the like, until something else begins or the parenthesis around it ends. */
function rangesOf(words: readonly Word[]): readonly (readonly Word[])[] {
  return words.flatMap((word, at) => {
    const next = words[at + 1]?.text;
    const isPart = word.text === "ON" && (next === "CONFLICT" || next === "true");
    const ends = words[at - 1]?.text === "END";
    if (!OPENS.has(word.text) || isPart || ends) return [];
    return [words.slice(at + 1, endOf(words, at + 1, CLOSES, word.depth))];
  });
}

function conjunctsOf(range: readonly Word[]): readonly (readonly [Word, Word])[] {
  return partsOf(range, "AND");
}

/** Split where the separator stands in no parenthesis of the list's own. */
function partsOf(list: readonly Word[], separator: string): readonly (readonly [Word, Word])[] {
  const depth = Math.min(...list.map((word) => word.depth));
  const parts: (readonly [Word, Word])[] = [];
  let from = 0;
  for (let at = 0; at <= list.length; at += 1) {
    const isEnd = at === list.length || (list[at]?.text === separator && list[at]?.depth === depth);
    if (!isEnd) continue;
    const [first, last] = [list[from], list[at - 1]];
    if (first !== undefined && last !== undefined && at > from) parts.push([first, last]);
    from = at + 1;
  }
  return parts;
}

function endOf(words: readonly Word[], start: number, closes: ReadonlySet<string>, depth: number): number {
  const end = words.findIndex(
    (word, at) => at >= start && (word.depth < depth || (word.depth === depth && closes.has(word.text))),
  );
  return end === -1 ? words.length : end;
}
