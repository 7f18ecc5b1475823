// The verifier as npm would install it, beside the programs: a directory that any runtime can start in. Built into that
// directory and not into the packages, so that tests that run at the same time don't meet.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const PACKAGES = ["protocol", "verifier"] as const;

export function builtPackage(): string {
  const project = mkdtempSync(join(tmpdir(), "hallpass-runtimes-"));
  const built = join(project, "built");
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      composite: false,
      incremental: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      customConditions: ["hallpass-source"],
      typeRoots: [join(root, "node_modules/@types")],
      rootDir: join(root, "packages"),
      outDir: built,
    },
    // Every file by itself: what is only reached through a package's name is now and then taken for somebody else's, and not written.
    include: PACKAGES.map((name) => join(root, "packages", name, "src/**/*.ts")),
    exclude: PACKAGES.map((name) => join(root, "packages", name, "src/**/*.test.ts")),
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { stdio: "inherit" });
  for (const name of PACKAGES) {
    const installed = join(project, "node_modules/@hallpass", name);
    cpSync(join(built, name, "src"), join(installed, "dist"), { recursive: true });
    cpSync(join(root, "packages", name, "package.json"), join(installed, "package.json"));
  }
  cpSync(join(import.meta.dirname, "programs"), project, { recursive: true });
  return project;
}
