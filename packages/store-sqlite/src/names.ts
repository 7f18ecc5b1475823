// Tenants and kinds of facts as small numbers. Numbers are given by the writer and never change or return.

import type { DatabaseSync, StatementSync } from "node:sqlite";

export class Names {
  readonly #codes = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #byName: StatementSync;
  readonly #byCode: StatementSync;
  readonly #insert: StatementSync | undefined;

  constructor(db: DatabaseSync, use: "read" | "write") {
    this.#byName = db.prepare("SELECT code FROM names WHERE name = ?");
    this.#byCode = db.prepare("SELECT name FROM names WHERE code = ?");
    this.#insert = use === "write" ? db.prepare("INSERT INTO names (name) VALUES (?)") : undefined;
  }

  /** Undefined when nothing with this name was ever written. */
  codeOf(name: string): number | undefined {
    const known = this.#codes.get(name);
    if (known !== undefined) return known;
    const code = this.#byName.get(name)?.["code"];
    return typeof code === "number" ? this.#learn(code, name) : undefined;
  }

  /** Only for the writer, inside its transaction: gives the name a code if it has none. */
  codeFor(name: string): number {
    const known = this.codeOf(name);
    if (known !== undefined) return known;
    if (this.#insert === undefined) throw new Error("a reader gives no codes");
    return this.#learn(Number(this.#insert.run(name).lastInsertRowid), name);
  }

  nameOf(code: number): string {
    const known = this.#names.get(code);
    if (known !== undefined) return known;
    const name = this.#byCode.get(code)?.["name"];
    if (typeof name !== "string") throw new Error("the file uses a name that it does not hold");
    this.#learn(code, name);
    return name;
  }

  /** After a rollback: what was learned in the transaction may not exist. */
  forget(): void {
    this.#codes.clear();
    this.#names.clear();
  }

  #learn(code: number, name: string): number {
    this.#codes.set(name, code);
    this.#names.set(code, name);
    return code;
  }
}
