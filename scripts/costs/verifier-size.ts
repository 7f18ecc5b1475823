// What an app ships with the verifier: every module that its entry reaches, without types and comments, in one gzip. A bundler that
// shortens names makes it smaller; nothing makes it larger.

import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const packages = join(import.meta.dirname, "../../packages");
const IMPORT = /^(?:import|export)\s(?!type\s)[^;]*?from\s+"([^"]+)"/gm;

function reached(file: string, found = new Map<string, string>()): ReadonlyMap<string, string> {
  if (found.has(file)) return found;
  const text = readFileSync(file, "utf8");
  found.set(file, text);
  for (const [, named = ""] of text.matchAll(IMPORT)) {
    if (named === "@hallpass/protocol") reached(join(packages, "protocol/src/index.ts"), found);
    else if (named.startsWith(".")) reached(join(file, "..", named), found);
  }
  return found;
}

export interface VerifierSize {
  readonly modules: number;
  readonly bytes: number;
}

export function verifierSize(): VerifierSize {
  const modules = reached(join(packages, "verifier/src/index.ts"));
  const code = [...modules.values()].map((text) =>
    stripTypeScriptTypes(text)
      .replaceAll(/\/\*\*[\s\S]*?\*\//g, "")
      .replaceAll(/^\s*\/\/.*$/gm, "")
      .replaceAll(/\s*\n\s*/g, "\n"),
  );
  return { modules: modules.size, bytes: gzipSync(code.join("\n"), { level: 9 }).length };
}
