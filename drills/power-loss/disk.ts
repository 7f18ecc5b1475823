// A disk and the memory before it, as POSIX allows them to be. What was written to a file is safe from its next flush on, with the file's
// size; a name in a directory from the next flush of that directory on. Of everything since, a power cut keeps what it likes: sector by sector
// of 512 bytes, in any order, each whole as it was at some time since, and sizes and names as well. No sector is half written, and no file half cut.

import type { Done } from "./recording.ts";

/** The chance that one of the sectors (or the size, or the name) of what was done with this number has reached the disk. */
export type Chance = (number: number) => number;

/** Every file by its path; a directory is undefined. */
export type Image = ReadonlyMap<string, Buffer | undefined>;

const SECTOR = 512;

interface Touch {
  readonly number: number;
  readonly at: number;
  /** Undefined: cut or grown to `at`. */
  readonly bytes: Buffer | undefined;
}

class Content {
  #flushed: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #since: Touch[] = [];

  touch(touch: Touch): void {
    this.#since.push(touch);
  }

  flush(): void {
    this.#flushed = this.after(
      () => 1,
      () => 0,
    );
    this.#since = [];
  }

  /** `dice`: from 0, up to and without 1. */
  after(chance: Chance, dice: () => number): Buffer<ArrayBuffer> {
    const longest = Math.max(this.#flushed.length, ...this.#since.map(({ at, bytes }) => at + (bytes?.length ?? 0)));
    const [memory, disk] = [Buffer.alloc(longest), Buffer.alloc(longest)];
    this.#flushed.copy(memory);
    this.#flushed.copy(disk);
    const size = { memory: this.#flushed.length, disk: this.#flushed.length };
    for (const { number, at, bytes } of this.#since) {
      const isKept = (): boolean => dice() < chance(number);
      if (bytes === undefined) {
        // A size is no sector: it is cut, with all that lay beyond it, or it is not.
        memory.fill(0, at);
        size.memory = at;
        if (!isKept()) continue;
        disk.fill(0, at);
        size.disk = at;
        continue;
      }
      const to = at + bytes.length;
      bytes.copy(memory, at);
      size.memory = Math.max(size.memory, to);
      if (isKept()) size.disk = Math.max(size.disk, to);
      for (let sector = at - (at % SECTOR); sector < to; sector += SECTOR) {
        if (!isKept()) continue;
        const end = Math.min(sector + SECTOR, longest);
        memory.copy(disk, sector, sector, end);
        size.disk = Math.max(size.disk, Math.min(end, to));
      }
    }
    return disk.subarray(0, size.disk);
  }
}

type Entry = Content | Directory;

class Directory {
  readonly now: Map<string, Entry> = new Map();
  #flushed: ReadonlyMap<string, Entry> = new Map();
  #since: { readonly number: number; readonly names: readonly (readonly [string, Entry | undefined])[] }[] = [];

  change(number: number, ...names: readonly (readonly [string, Entry | undefined])[]): void {
    this.#since.push({ number, names });
    setAll(this.now, names);
  }

  flush(): void {
    this.#flushed = new Map(this.now);
    this.#since = [];
  }

  after(chance: Chance, dice: () => number): ReadonlyMap<string, Entry> {
    const names = new Map(this.#flushed);
    for (const one of this.#since) if (dice() < chance(one.number)) setAll(names, one.names);
    return names;
  }
}

function setAll(entries: Map<string, Entry>, names: readonly (readonly [string, Entry | undefined])[]): void {
  for (const [name, entry] of names) {
    if (entry === undefined) entries.delete(name);
    else entries.set(name, entry);
  }
}

export class Disk {
  readonly #root = new Directory();
  readonly #lies: boolean;
  #number = 0;

  /** One that lies says of a file that it is flushed, and does nothing. */
  constructor(kind: "honest" | "lying") {
    this.#lies = kind === "lying";
  }

  /** How much was done so far. */
  get number(): number {
    return this.#number;
  }

  do(done: Done): void {
    const number = this.#number;
    this.#number += 1;
    if (done.kind === "acknowledged") return;
    const { path } = done;
    if (path === "") {
      if (done.kind === "flushed") this.#root.flush();
      return;
    }
    const { directory, name } = this.#placeOf(path);
    switch (done.kind) {
      case "made":
        return directory.change(number, [name, done.directory ? new Directory() : new Content()]);
      case "removed":
        return directory.change(number, [name, undefined]);
      case "renamed": {
        const [to, moved] = [this.#placeOf(done.to), directory.now.get(name)];
        if (to.directory === directory) return directory.change(number, [name, undefined], [to.name, moved]);
        // Of two directories each may reach the disk without the other.
        to.directory.change(number, [to.name, moved]);
        return directory.change(number, [name, undefined]);
      }
      case "linked": {
        const to = this.#placeOf(done.to);
        return to.directory.change(number, [to.name, directory.now.get(name)]);
      }
      case "flushed": {
        const entry = directory.now.get(name);
        return entry instanceof Content && this.#lies ? undefined : entry?.flush();
      }
      case "written":
        return this.#contentOf(path).touch({ number, at: done.at, bytes: done.bytes });
      case "cut":
        return this.#contentOf(path).touch({ number, at: done.size, bytes: undefined });
    }
  }

  /** What a power cut now could leave. */
  image(chance: Chance, dice: () => number): Image {
    const image = new Map<string, Buffer | undefined>();
    const add = (path: string, directory: Directory): void => {
      for (const [name, entry] of directory.after(chance, dice)) {
        const at = path === "" ? name : `${path}/${name}`;
        if (entry instanceof Content) image.set(at, entry.after(chance, dice));
        else {
          image.set(at, undefined);
          add(at, entry);
        }
      }
    };
    add("", this.#root);
    return image;
  }

  #placeOf(path: string): { readonly directory: Directory; readonly name: string } {
    const parts = path.split("/");
    const name = parts.pop() ?? "";
    let directory = this.#root;
    for (const part of parts) {
      const next = directory.now.get(part);
      if (!(next instanceof Directory)) throw new Error(`${path} lies in no directory that was made`);
      directory = next;
    }
    return { directory, name };
  }

  #contentOf(path: string): Content {
    const { directory, name } = this.#placeOf(path);
    const entry = directory.now.get(name);
    if (!(entry instanceof Content)) throw new Error(`${path} was never made`);
    return entry;
  }
}
