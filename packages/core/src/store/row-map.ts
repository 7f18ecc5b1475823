// Values by row. A row's id tells almost all rows apart, so it alone is looked up, and kind and tenant are compared: a text of all three
// would be made, hashed and looked up many times in the course of one refresh.

import type { RowKey } from "./store.ts";

interface Entry<T> {
  readonly key: RowKey;
  value: T;
  /** Another row with the same id. */
  next: Entry<T> | undefined;
}

export class RowMap<T> {
  readonly #first = new Map<string, Entry<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: RowKey): T | undefined {
    return entryFrom(this.#first.get(key.id), key)?.value;
  }

  has(key: RowKey): boolean {
    return entryFrom(this.#first.get(key.id), key) !== undefined;
  }

  set(key: RowKey, value: T): void {
    const first = this.#first.get(key.id);
    const known = entryFrom(first, key);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    this.#first.set(key.id, { key, value, next: first });
    this.#size += 1;
  }

  delete(key: RowKey): void {
    const first = this.#first.get(key.id);
    const gone = entryFrom(first, key);
    if (gone === undefined) return;
    this.#size -= 1;
    if (first !== gone) {
      for (let one = first; one !== undefined; one = one.next) if (one.next === gone) one.next = gone.next;
    } else if (gone.next === undefined) this.#first.delete(key.id);
    else this.#first.set(key.id, gone.next);
  }

  clear(): void {
    this.#first.clear();
    this.#size = 0;
  }
}

/** `first`: of those with the key's id. */
function entryFrom<T>(first: Entry<T> | undefined, { kind, tenant }: RowKey): Entry<T> | undefined {
  for (let one = first; one !== undefined; one = one.next)
    if (one.key.kind === kind && one.key.tenant === tenant) return one;
  return undefined;
}
