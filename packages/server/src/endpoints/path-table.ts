// Which row a request belongs to: Hono's routers find the path, the table of endpoints says what stands there.
// A path arrives in one spelling (isPlainPath), so nothing is decoded here.

import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import type { Surface } from "../replies.ts";
import type { Endpoint } from "./endpoint.ts";

export type Placeholders = Readonly<Record<string, string>>;

export type Found =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint; readonly placeholders: Placeholders }
  | { readonly kind: "path"; readonly path: string; readonly surface: Surface; readonly allow: string }
  | { readonly kind: "nothing" };

const NO_PLACEHOLDERS: Placeholders = {};

export function pathTable(endpoints: readonly Endpoint[]): (method: string, path: string) => Found {
  const router = new SmartRouter<Endpoint>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const endpoint of endpoints) router.add(endpoint.method, endpoint.path, endpoint);
  const methods = [...new Set(endpoints.map(({ method }) => method))];

  function rowAt(method: string, path: string): Extract<Found, { kind: "endpoint" }> | undefined {
    const [rows, stash] = router.match(method, path);
    const [first] = rows;
    if (first === undefined) return undefined;
    const [endpoint, places] = first;
    const names = Object.entries(places);
    if (names.length === 0) return { kind: "endpoint", endpoint, placeholders: NO_PLACEHOLDERS };
    // The two routers answer in two shapes: the text itself, or its place in the stash.
    const values = names.map(([name, at]) => [name, typeof at === "number" ? (stash?.[at] ?? "") : at] as const);
    return { kind: "endpoint", endpoint, placeholders: Object.fromEntries(values) };
  }

  function otherMethods(path: string): Found {
    const there = methods.flatMap((method) => rowAt(method, path)?.endpoint ?? []);
    const [first] = there;
    if (first === undefined) return { kind: "nothing" };
    const allow = there.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
    return { kind: "path", path: first.path, surface: first.surface, allow };
  }

  // Paths without a placeholder, as the router finds them: most requests need no more.
  const exact = new Map<string, Map<string, Found>>(methods.map((method) => [method, new Map<string, Found>()]));
  for (const { method, path } of endpoints) {
    const row = path.includes(":") ? undefined : rowAt(method, path);
    if (row !== undefined) exact.get(method)?.set(path, row);
  }

  let last: { readonly method: string; readonly path: string; readonly found: Found } | undefined;
  return (method, path) => {
    // A Map would copy each path into the engine's own table of strings first; most requests have the path of the last.
    if (last?.path === path && last.method === method) return last.found;
    const found = exact.get(method)?.get(path) ?? rowAt(method, path) ?? otherMethods(path);
    last = { method, path, found };
    return found;
  };
}
