// Where processes of one machine share tokens. Only access tokens: what is shared may be used by all at once.

export interface StoredToken {
  readonly token: string;
  /** Milliseconds of the wall clock. */
  readonly issuedAt: number;
  /** Milliseconds of the wall clock, exclusive. */
  readonly expiresAt: number;
}

/** A key names the issuer, the client, the scope and the resource. What a store throws costs a request, never a token. */
export interface TokenStore {
  /** Undefined for what is not there, or can't be trusted. */
  read(key: string): Promise<StoredToken | undefined>;
  /** A reader sees the whole earlier entry or the whole later one. */
  write(key: string, stored: StoredToken): Promise<void>;
  /** Runs `task` while nobody else runs one under this key. It may give up waiting and run it all the same. */
  exclusively<T>(key: string, task: () => Promise<T>): Promise<T>;
}
