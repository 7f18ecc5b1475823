// A copy of the sources in which one thing is wrong, and runs of the simulation on it in a process of its own.

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Edit } from "./bugs.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface Finding {
  /** Null when no seed broke anything. */
  readonly seed: number | null;
  readonly invariant: string | null;
  readonly detail: string;
}

export class MutatedTree {
  readonly #at: string;

  /** Its root. */
  get at(): string {
    return this.#at;
  }

  constructor() {
    this.#at = mkdtempSync(join(tmpdir(), "hallpass-simulation-"));
    const modules = join(this.#at, "node_modules");
    mkdirSync(join(modules, "@hallpass"), { recursive: true });
    cpSync(join(ROOT, "package.json"), join(this.#at, "package.json"));
    const isSource = (path: string): boolean => !path.endsWith(".br");
    cpSync(join(ROOT, "drills"), join(this.#at, "drills"), { recursive: true, filter: isSource });
    for (const name of readdirSync(join(ROOT, "packages"))) {
      const from = join(ROOT, "packages", name);
      const to = join(this.#at, "packages", name);
      cpSync(join(from, "src"), join(to, "src"), { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
      cpSync(join(from, "package.json"), join(to, "package.json"));
      symlinkSync(to, join(modules, "@hallpass", name));
    }
    for (const name of readdirSync(join(ROOT, "node_modules")))
      if (name !== "@hallpass") symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }

  /** Throws unless each `find` stands exactly once. Returns what makes the tree whole again. */
  apply(edits: readonly Edit[]): () => void {
    const before = new Map<string, string>();
    for (const { file, find, replace } of edits) {
      const path = join(this.#at, "packages", file);
      const text = readFileSync(path, "utf8");
      const pieces = text.split(find);
      const [head, tail] = pieces;
      if (pieces.length !== 2 || head === undefined || tail === undefined)
        throw new Error(`${file} holds what a planted bug replaces ${pieces.length - 1} times: ${find}`);
      if (!before.has(path)) before.set(path, text);
      writeFileSync(path, head + replace + tail);
    }
    return () => {
      for (const [path, text] of before) writeFileSync(path, text);
    };
  }

  /** The first seed of these that breaks a promise. */
  run(seeds: { readonly from: number; readonly to: number; readonly world?: "whole" }): Promise<Finding> {
    const main = join(this.#at, "drills/simulation/main.ts");
    const child = spawn(
      process.execPath,
      [
        "--conditions=hallpass-source",
        main,
        "--json",
        "--seeds",
        `${seeds.from}..${seeds.to}`,
        "--world",
        seeds.world ?? "small",
      ],
      { cwd: this.#at, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_OPTIONS: "" } },
    );
    const { promise, resolve, reject } = Promise.withResolvers<Finding>();
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      if (out.startsWith("{")) resolve(JSON.parse(out) as Finding);
      else reject(new Error(`the simulation on a mutated tree ended with ${code}: ${err.slice(0, 2000)}`));
    });
    return promise;
  }

  remove(): void {
    rmSync(this.#at, { recursive: true });
  }
}
