// The titles of the tests in a source file, and the ids they carry in brackets.

import { maskSource } from "../architecture/masked-source.ts";

export interface TestTitle {
  readonly file: string;
  readonly text: string;
  readonly ids: readonly string[];
}

// A title is the first argument of test(), it(), describe() or suite(), plain or with a modifier, or of a subtest.
// A title built from a row (a template) counts with the ids in its fixed parts.
const CALL = /(?<![\w$.])(?:(?:t|context)\s*\.\s*)?(?:test|it|describe|suite)\s*\(\s*((?:"\d+"|\+\([^()]*\)\+)+)/g;
const BRACKETS = /\[([A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)+)\]/g;

export function titlesIn(file: string, source: string): TestTitle[] {
  const { code, strings } = maskSource(source);
  return [...code.matchAll(CALL)].map(([, title = ""]) => {
    const text = title.replace(/"(\d+)"|\+\([^()]*\)\+/g, (_, place?: string) =>
      place === undefined ? "…" : (strings[Number(place)] ?? ""),
    );
    return {
      file,
      text,
      ids: [...text.matchAll(BRACKETS)].flatMap(([, id]) => (id !== undefined && /\d/.test(id) ? [id] : [])),
    };
  });
}

/** Markdown with its fenced code blanked: an example of a table is no table. */
export function masked(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gm, "");
}
