// Items by a text of the wire. A Map would first copy each text that comes into the engine's own table of strings, genuine or not, and compute
// its whole hash; here the last few characters choose the slot: of a token they are of its signature or its secret, of a session id its random
// end. They only choose: what is found has the whole text.
// Who is given a slot here has been verified, so nobody else can fill one chain. Never shrinks: it is dropped, or cleared, as a whole.

const FIRST_SLOTS = 64;
const FREE = 0;
const TAIL = 8;

export class TextTable<T> {
  #texts: string[] = [];
  /** Undefined for one that was taken out. */
  #items: (T | undefined)[] = [];
  /** The place of an item, counted from 1. */
  #slots = new Int32Array(FIRST_SLOTS);
  #tags = new Int32Array(FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(text: string): T | undefined {
    const place = this.#slots[this.#slotOf(text, tagOf(text))] ?? FREE;
    return place === FREE ? undefined : this.#items[place - 1];
  }

  set(text: string, item: T): void {
    const tag = tagOf(text);
    const slot = this.#slotOf(text, tag);
    const place = this.#slots[slot] ?? FREE;
    if (place === FREE) {
      this.#texts.push(text);
      this.#slots[slot] = this.#items.push(item);
      this.#tags[slot] = tag;
      this.#size += 1;
      if (this.#items.length * 2 > this.#slots.length) this.#grow();
    } else {
      if (this.#items[place - 1] === undefined) this.#size += 1;
      this.#items[place - 1] = item;
    }
  }

  /** The text keeps its place, so that what stands behind it in a chain is still found. */
  delete(text: string): void {
    const place = this.#slots[this.#slotOf(text, tagOf(text))] ?? FREE;
    if (place === FREE || this.#items[place - 1] === undefined) return;
    this.#items[place - 1] = undefined;
    this.#size -= 1;
  }

  /** Keeps its room. */
  clear(): void {
    this.#texts = [];
    this.#items = [];
    this.#slots.fill(FREE);
    this.#size = 0;
  }

  /** Where the text is, or where it would be. */
  #slotOf(text: string, tag: number): number {
    const last = this.#slots.length - 1;
    let slot = tag & last;
    for (let place = this.#slots[slot] ?? FREE; place !== FREE; place = this.#slots[slot] ?? FREE) {
      if (this.#tags[slot] === tag && this.#texts[place - 1] === text) break;
      slot = (slot + 1) & last;
    }
    return slot;
  }

  #grow(): void {
    const [slots, tags] = [this.#slots, this.#tags];
    this.#slots = new Int32Array(slots.length * 2);
    this.#tags = new Int32Array(slots.length * 2);
    const last = this.#slots.length - 1;
    for (let from = 0; from < slots.length; from += 1) {
      const place = slots[from] ?? FREE;
      if (place === FREE) continue;
      const tag = tags[from] ?? 0;
      let slot = tag & last;
      while (this.#slots[slot] !== FREE) slot = (slot + 1) & last;
      this.#slots[slot] = place;
      this.#tags[slot] = tag;
    }
  }
}

function tagOf(text: string): number {
  let tag = text.length;
  for (let at = Math.max(0, text.length - TAIL); at < text.length; at += 1) {
    tag = Math.imul(tag ^ text.charCodeAt(at), 0x9e3779b1);
    tag ^= tag >>> 15;
  }
  return tag;
}
