// Walks the imports of a tree and says where it leaves the table in arrows.ts.
// Works on texts, not on the disk, so that a test can feed it bad trees.

import { posix } from "node:path";
import { arrows, bans, longestFile, mayNameForeignTypes, nameless, type PackageRule } from "./arrows.ts";
import { type Import, importsOf, maskSource } from "./masked-source.ts";

export type Kind =
  | "arrow"
  | "ban"
  | "cycle"
  | "folder name"
  | "foreign import"
  | "no row"
  | "reaches around"
  | "too long"
  | "undeclared"
  | "unresolved";

export interface Violation {
  readonly kind: Kind;
  readonly path: string;
  readonly detail: string;
}

/** Paths from the root, with `/`; `.ts` sources and the package.json of each package. */
export type Tree = ReadonlyMap<string, string>;

export function violationsOf(tree: Tree): Violation[] {
  const found: Violation[] = [];
  const edges = new Map<string, string[]>();
  for (const [path, source] of tree) {
    if (!path.endsWith(".ts")) continue;
    const report = (kind: Kind, detail: string): number => found.push({ kind, path, detail });
    const lines = source.split("\n").length - (source.endsWith("\n") ? 1 : 0);
    if (lines > longestFile) report("too long", `${lines} lines, at most ${longestFile}`);
    const folder = posix
      .dirname(path)
      .split("/")
      .find((part) => nameless.includes(part));
    if (folder !== undefined) report("folder name", `"${folder}" says what it is made of, not what it is about`);

    const masked = maskSource(source);
    for (const ban of bans) {
      if (ban.pattern.test(masked.code) && !ban.allowedIn.some((glob) => posix.matchesGlob(path, glob))) {
        report("ban", `${ban.what}: handed in from the top, see scripts/architecture/arrows.ts`);
      }
    }

    const home = /^(?:packages|apps)\/[^/]+/.exec(path)?.[0];
    if (home === undefined) continue;
    const rule = arrows.find((row) => row.folder === home);
    if (rule === undefined) {
      report("no row", `${home} has no row in scripts/architecture/arrows.ts`);
      continue;
    }
    for (const entry of importsOf(masked)) {
      if (/^\.{1,2}(?:\/|$)/.test(entry.specifier)) {
        const target = posix.join(posix.dirname(path), entry.specifier);
        if (!target.startsWith(`${home}/`)) report("reaches around", `${entry.specifier} leaves ${home}`);
        else if (!target.endsWith(".json") && !tree.has(target)) report("unresolved", entry.specifier);
        else edges.set(path, [...(edges.get(path) ?? []), target]);
      } else {
        judgeOutside(tree, rule, path, entry, report);
      }
    }
  }
  for (const cycle of cyclesOf(edges)) {
    found.push({ kind: "cycle", path: cycle[0] ?? "", detail: cycle.join(" -> ") });
  }
  return found;
}

function judgeOutside(
  tree: Tree,
  rule: PackageRule,
  path: string,
  { specifier, typeOnly }: Import,
  report: (kind: Kind, detail: string) => void,
): void {
  const isTest = path.endsWith(".test.ts");
  const target = /^@hallpass\/([^/]+)/.exec(specifier)?.[1];
  if (target !== undefined) {
    const own = rule.folder.endsWith(`/${target}`);
    const known =
      rule.knows.includes(target) ||
      (isTest && (own || rule.testsKnow.includes(target))) ||
      (rule.only?.files.includes(path) === true && rule.only.knows.includes(target));
    if (!known) report("arrow", `${rule.folder} -> ${target} is not in the table`);
    else if (!isTest && !declared(tree, rule.folder).includes(`@hallpass/${target}`)) report("undeclared", specifier);
    return;
  }
  if (isTest) return;
  if (typeOnly && mayNameForeignTypes.includes(rule.folder)) return;
  if (rule.outside !== "declared") {
    if (!rule.outside.includes(specifier)) report("foreign import", `${specifier} in ${rule.folder}`);
    return;
  }
  if (specifier.startsWith("node:")) return;
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (!declared(tree, rule.folder).includes(name)) {
    report("undeclared", `${name} is not among the dependencies of ${rule.folder}`);
  }
}

function declared(tree: Tree, folder: string): string[] {
  const manifest: unknown = JSON.parse(tree.get(`${folder}/package.json`) ?? "{}");
  if (typeof manifest !== "object" || manifest === null || !("dependencies" in manifest)) return [];
  return Object.keys(manifest.dependencies ?? {});
}

/** Each cycle once, as the path that closes it. */
function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const since = trail.indexOf(path);
    if (since !== -1) {
      cycles.push([...trail.slice(since), path]);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return cycles;
}
