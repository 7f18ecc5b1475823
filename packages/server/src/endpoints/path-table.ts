// Which row a request belongs to. A path without placeholders is one look into a map; the others are tried in the order of the table.
// A path arrives in one spelling (isPlainPath), so nothing is decoded here.

import type { Surface } from "../replies.ts";
import type { Endpoint } from "./endpoint.ts";

export type Placeholders = Readonly<Record<string, string>>;

export type Found =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint; readonly placeholders: Placeholders }
  | { readonly kind: "path"; readonly path: string; readonly surface: Surface; readonly allow: string }
  | { readonly kind: "nothing" };

interface Pattern {
  readonly text: RegExp;
  readonly path: string;
  readonly rows: ReadonlyMap<string, Endpoint>;
}

const NO_PLACEHOLDERS: Placeholders = {};

export function pathTable(endpoints: readonly Endpoint[]): (method: string, path: string) => Found {
  const patterns = patternsOf(endpoints);
  const exact = new Map<string, Found>();
  for (const endpoint of endpoints) {
    const { method, path } = endpoint;
    if (!path.includes(":"))
      exact.set(`${method} ${path}`, { kind: "endpoint", endpoint, placeholders: NO_PLACEHOLDERS });
  }

  function search(method: string, path: string): Found {
    let there: Pattern | undefined;
    for (const pattern of patterns) {
      const match = pattern.text.exec(path);
      if (match === null) continue;
      const endpoint = pattern.rows.get(method);
      if (endpoint !== undefined) return { kind: "endpoint", endpoint, placeholders: match.groups ?? NO_PLACEHOLDERS };
      there ??= pattern;
    }
    return there === undefined ? { kind: "nothing" } : otherMethods(there);
  }

  return (method, path) => exact.get(`${method} ${path}`) ?? search(method, path);
}

function patternsOf(endpoints: readonly Endpoint[]): readonly Pattern[] {
  return [...new Set(endpoints.map(({ path }) => path))].map((path) => ({
    text: patternOf(path),
    path,
    rows: new Map(endpoints.filter((endpoint) => endpoint.path === path).map((row) => [row.method, row])),
  }));
}

/** A placeholder stands for one segment that is not empty. */
function patternOf(path: string): RegExp {
  const segments = path.split("/").map((segment) => {
    if (segment.startsWith(":")) return `(?<${segment.slice(1)}>[^/]+)`;
    return segment.replaceAll(".", "\\.");
  });
  return new RegExp(`^${segments.join("/")}$`);
}

function otherMethods({ path, rows }: Pattern): Found {
  const allow = [...rows.keys()].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
  const [first] = rows.values();
  return { kind: "path", path, surface: first?.surface ?? "v1", allow };
}
