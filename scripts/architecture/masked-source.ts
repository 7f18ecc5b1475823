// TypeScript source with its comments blanked and its strings taken out, so that a search finds code and nothing else.
// Every string or template part becomes `"n"`, where n is its place in `strings`. Not a parser: it knows comments,
// quotes, templates and regular expressions, which is enough to find imports and names.

export interface MaskedSource {
  readonly code: string;
  readonly strings: readonly string[];
}

const REGEX_CAN_START = /(?:^|[=(,:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|await|yield))\s*$/;

export function maskSource(source: string): MaskedSource {
  const strings: string[] = [];
  let code = "";
  let at = 0;
  // For each open `${`, the number of braces opened inside it.
  const holes: number[] = [];

  const endOf = (pattern: RegExp, from: number): number => {
    pattern.lastIndex = from;
    const found = pattern.exec(source);
    return found === null ? source.length : found.index + found[0].length;
  };
  const take = (text: string): void => {
    code += `"${strings.push(text) - 1}"`;
  };
  // Reads template text up to its closing backtick or the next `${`; `at` stands behind the opening character.
  const readTemplate = (): void => {
    const start = at;
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) at += source[at] === "\\" ? 2 : 1;
    take(source.slice(start, at));
    if (source[at] === "`") {
      at += 1;
    } else {
      at += 2;
      code += "+(";
      holes.push(0);
    }
  };

  while (at < source.length) {
    const character = source.charAt(at);
    const hole = holes.at(-1);
    if (source.startsWith("//", at)) {
      at = endOf(/(?=\n)/g, at);
    } else if (source.startsWith("/*", at)) {
      const end = endOf(/\*\//g, at);
      code += source.slice(at, end).replace(/[^\n]/g, " ");
      at = end;
    } else if (character === '"' || character === "'") {
      const end = endOf(character === '"' ? /"(?:\\[\s\S]|[^"\\\n])*"/gy : /'(?:\\[\s\S]|[^'\\\n])*'/gy, at);
      take(source.slice(at + 1, end - 1));
      at = end;
    } else if (character === "`") {
      at += 1;
      readTemplate();
    } else if (character === "/" && REGEX_CAN_START.test(code)) {
      at = endOf(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/gy, at);
      code += " /re/ ";
    } else if (character === "}" && hole === 0) {
      holes.pop();
      code += ")+";
      at += 1;
      readTemplate();
    } else {
      if (hole !== undefined && character === "{") holes[holes.length - 1] = hole + 1;
      if (hole !== undefined && character === "}") holes[holes.length - 1] = hole - 1;
      code += character;
      at += 1;
    }
  }
  return { code, strings };
}

export interface Import {
  readonly specifier: string;
  /** The whole statement is `import type` or `export type`; it is gone at run time. */
  readonly typeOnly: boolean;
}

const STATEMENT =
  /(?<![\w$.])(?:import|export)(\s+type(?=\s+[\w*{])(?!\s+from\s*"))?(?:[\s\w$*{},]*?\sfrom|[\s\w$*{},]*?\}from)?\s*"(\d+)"/g;
const CALL = /(?<![\w$.])import\s*\(\s*"(\d+)"/g;
const REQUIRE = /(?<![\w$.])require\s*\(\s*"(\d+)"/g;

/** Every module a file names: static imports, re-exports, dynamic imports, requires and import types. */
export function importsOf({ code, strings }: MaskedSource): Import[] {
  const text = (place: string | undefined): string => strings[Number(place)] ?? "";
  return [
    ...[...code.matchAll(STATEMENT)].map(([, type, place]) => ({
      specifier: text(place),
      typeOnly: type !== undefined,
    })),
    ...[...code.matchAll(CALL), ...code.matchAll(REQUIRE)].map(([, place]) => ({
      specifier: text(place),
      typeOnly: false,
    })),
  ];
}
