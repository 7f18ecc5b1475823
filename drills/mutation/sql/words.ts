// SQL as words: enough of its grammar to change one thing at a time.

export interface Word {
  readonly text: string;
  /** Places in the text of the source. */
  readonly from: number;
  readonly to: number;
  /** How many parentheses are open where it stands; a parenthesis counts as outside of itself. */
  readonly depth: number;
}

// Comments of SQL, what TypeScript puts in, quoted bodies, texts, names, parameters, words, numbers, signs.
const WORD =
  /--[^\n]*|\$\{[^}]*\}|\$[a-z]+\$|'(?:[^']|'')*'|"[^"]*"|\$\d+|[A-Za-z_]\w*|\d+|->>|->|::|:=|\.\.|\|\||<=|>=|<>|!=|\S/g;

/** Of the text between two places of a source. Comments are no words. */
export function wordsOf(source: string, from: number, to: number): readonly Word[] {
  const words: Word[] = [];
  let depth = 0;
  for (const { 0: text, index } of source.slice(from, to).matchAll(WORD)) {
    if (text.startsWith("--")) continue;
    if (text === ")") depth -= 1;
    words.push({ text, from: from + index, to: from + index + text.length, depth });
    if (text === "(") depth += 1;
  }
  return words;
}

/** Texts of TypeScript that hold a statement, by the places between their quotes. */
export function statementsIn(source: string): readonly (readonly [from: number, to: number])[] {
  return [...source.matchAll(/\/\/[^\n]*|`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)"/g)].flatMap((found) => {
    const text = found[1] ?? found[2];
    if (text === undefined || !/\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|EXISTS)\b/.test(text)) return [];
    return [[found.index + 1, found.index + 1 + text.length] as const];
  });
}
