// Which test files share a process. A process of its own costs a file of rules more than its rules do: it loads what
// it tests again. Files whose tests keep nothing outside of themselves go together; what starts processes, counts what
// its own process does, or waits for a clock of the wall stays alone.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const SHARING: readonly string[] = [
  "packages/protocol/",
  "packages/core/",
  "packages/verifier/",
  "packages/server/src/endpoints/",
];
/** As many as keep every core busy until the end, and a failing group short. */
const MOST = 14;

/** Every file once: those that share a process in groups of neighbours, each other file in a group of its own. */
export function groupsOf(
  files: readonly string[],
  sharing: readonly string[] = SHARING,
  most: number = MOST,
): readonly (readonly string[])[] {
  const shared = sharing.flatMap((folder) =>
    inSlices(
      files.filter((file) => file.startsWith(folder)),
      most,
    ),
  );
  const placed = new Set(shared.flat());
  return [...shared, ...files.filter((file) => !placed.has(file)).map((file) => [file])];
}

function inSlices(files: readonly string[], most: number): readonly (readonly string[])[] {
  const slices = Math.ceil(files.length / most);
  const size = Math.ceil(files.length / slices);
  return Array.from({ length: slices }, (_, nth) => files.slice(nth * size, (nth + 1) * size));
}

/** What to run for the groups: a file that is alone as it is, a group through a file that imports it, gone with the process. */
export function entriesOf(root: string, groups: readonly (readonly string[])[]): readonly string[] {
  const scratch = mkdtempSync(join(tmpdir(), "hallpass-tests-"));
  process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
  return groups.map((files, nth) => {
    const [first] = files;
    if (files.length === 1 && first !== undefined) return join(root, first);
    const entry = join(scratch, `group-${nth}.mjs`);
    writeFileSync(entry, files.map((file) => `import "${pathToFileURL(join(root, file)).href}";\n`).join(""));
    return entry;
  });
}
