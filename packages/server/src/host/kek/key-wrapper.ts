// Something elsewhere that keeps a key which never leaves it, and wraps the key-encryption key under that: a KMS, an HSM.
// It is asked at the start only. After that the key-encryption key is in this process's memory, and nowhere else in the clear.

export interface KeyWrapper {
  /** A word for the row and for people. */
  readonly name: "vault" | "pkcs11";
  /** What it keeps, and where: for people. */
  readonly place: string;
  /** A text that only `unwrap` makes sense of. Rejects with an Error that a person can act on. */
  wrap(bytes: Uint8Array): Promise<string>;
  /** Rejects with an Error that a person can act on. What it resolves to may be wrong bytes, if the text was changed: the caller knows what they should be. */
  unwrap(wrapped: string): Promise<Uint8Array>;
  /** The same under the newest version of its key; undefined where it is that already, or may not be asked. */
  renew?(wrapped: string): Promise<string | undefined>;
}
