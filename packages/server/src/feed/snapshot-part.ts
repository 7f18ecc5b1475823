// A part of a snapshot in the two forms in which it is sent. Each is written when somebody wants it, and once for all who do.

import type { StoredNotice } from "@hallpass/core";
import { packedBeginning, packFrame, packNotices } from "@hallpass/protocol";
import { partText } from "./frame-texts.ts";

const BEGINNING = packedBeginning();

export class SnapshotPart {
  readonly #head: string;
  readonly #notices: readonly StoredNotice[];
  #text: string | undefined;
  #packed: Buffer | undefined;

  /** `head` is its text without the notices. */
  constructor(head: string, notices: readonly StoredNotice[]) {
    this.#head = head;
    this.#notices = notices;
  }

  get text(): string {
    this.#text ??= partText(this.#head, this.#notices);
    return this.#text;
  }

  /** Whether `text` takes no time any more. */
  get isWritten(): boolean {
    return this.#text !== undefined;
  }

  /** The same of `message` and `frame`. */
  get isPacked(): boolean {
    return this.#packed !== undefined;
  }

  /** Packed, as a message of its own (CONN-9). */
  get message(): Uint8Array {
    return this.#written();
  }

  /** Packed, to stand between others (PULL-12). */
  get frame(): Uint8Array {
    return this.#written().subarray(BEGINNING.length);
  }

  #written(): Buffer {
    if (this.#packed === undefined) {
      const { packed, others } = packNotices(this.#notices);
      this.#packed = Buffer.concat([BEGINNING, packFrame(partText(this.#head, others), packed)]);
    }
    return this.#packed;
  }
}
