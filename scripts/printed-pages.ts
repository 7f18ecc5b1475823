// Pages that are printed from kept results, with their pictures, under docs/.

import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const docs = join(import.meta.dirname, "../docs");

/** Their texts, by path under docs/. */
export type Pages = ReadonlyMap<string, string>;

/** The folder of their pictures: whatever else lies there belongs to no result. */
export type Pictures = "bench" | "proof";

export function writePages(pictures: Pictures, pages: Pages): void {
  for (const path of picturesOnDisk(pictures)) if (!pages.has(path)) rmSync(join(docs, path));
  for (const [path, text] of pages) {
    mkdirSync(dirname(join(docs, path)), { recursive: true });
    writeFileSync(join(docs, path), text);
  }
}

export function staleOf(pictures: Pictures, pages: Pages): readonly string[] {
  const left = picturesOnDisk(pictures).filter((path) => !pages.has(path));
  const stale = [...pages].filter(([path, text]) => {
    const file = join(docs, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
  return [
    ...left.map((path) => `docs/${path} belongs to no result`),
    ...stale.map(([path]) => `docs/${path} is not what the results say`),
  ];
}

function picturesOnDisk(pictures: Pictures): readonly string[] {
  return globSync(`${pictures}/*.svg`, { cwd: docs });
}
