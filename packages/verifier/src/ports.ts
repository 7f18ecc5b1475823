// What the verifier can't know or do by itself. runtime.ts hands in the real ones; a simulation hands in others
// and runs the same code.

export type Awaitable<T> = T | Promise<T>;

export interface Clock {
  /** Wall time in milliseconds since the epoch. It may jump. */
  now(): number;
  /** Milliseconds of a clock that never goes back; its zero means nothing. */
  monotonic(): number;
}

export interface Dice {
  /** `length` bytes that nobody can guess. */
  bytes(length: number): Uint8Array;
}

export type Cancel = () => void;

export interface Scheduler {
  /** Calls `task` once, no earlier than `ms` milliseconds from now, unless cancelled. `awaited`: somebody waits for it, so the process has to go on. */
  after(ms: number, task: () => void, awaited?: "awaited"): Cancel;
}

/** A P-256 public key as RFC 7518 section 6.2.1 writes it: coordinates of 32 bytes in base64url. */
export interface EcPublicJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

/** RFC 7518 section 6.3.1. */
export interface RsaPublicJwk {
  readonly e: string;
  readonly kty: "RSA";
  readonly n: string;
}

/** RFC 8037 section 2. */
export interface OkpPublicJwk {
  readonly crv: "Ed25519";
  readonly kty: "OKP";
  readonly x: string;
}

export type PublicJwk = EcPublicJwk | RsaPublicJwk | OkpPublicJwk;

/** What `importKey` made; only the same port can read it. */
export type PublicKey = object;

/** Synchronous where the platform is: then a verdict needs no wait at all. */
export interface Crypto {
  /** Does now what the first call would have to do, where nothing else is to be done. */
  load?(): void;
  /** Throws or rejects for what is no key: a point that is not on the curve. */
  importKey(jwk: PublicJwk): Awaitable<PublicKey>;
  /** ES256 over the ASCII text, with r and s of 32 bytes each. False for anything that doesn't verify; never throws. */
  verifyEs256(key: PublicKey, signingInput: string, signature: Uint8Array): Awaitable<boolean>;
  /** RS256 or Ed25519 over the ASCII text. False for anything that doesn't verify; never throws. */
  verifyOther(
    alg: "RS256" | "Ed25519",
    key: PublicKey,
    signingInput: string,
    signature: Uint8Array,
  ): Awaitable<boolean>;
  /** What it needs of the bytes it has read when it returns: whoever calls may write into them then. */
  sha256(bytes: Uint8Array): Awaitable<Uint8Array>;
}

/** No callback is called before `connect` has returned, nor inside `send` or `close`. */
export interface OpenConnection {
  readonly url: string;
  readonly token: string;
  readonly onOpen: () => void;
  readonly onText: (text: string) => void;
  /** A binary message: frames that came packed. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Called once, also when the connection never opened. */
  readonly onClose: (code: number) => void;
}

export interface Connection {
  /** Drops the text when the connection is not open. */
  send(text: string): void;
  /** With 1000, or one of the feed's own codes (FEED_CLOSE). */
  close(code: number): void;
}

export interface FeedBearer {
  readonly token: string;
  /** Milliseconds of the wall clock; the feed's own word is used where it is missing. */
  readonly expiresAt?: number;
}

export interface PullReply {
  readonly status: number;
  /** Frames one to a line; empty where they came packed. */
  readonly text: string;
  readonly packed?: Uint8Array;
}

export interface Ports {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly crypto: Crypto;
  /** Does not throw: what can't be connected is closed. */
  connect(open: OpenConnection): Connection;
  /** A bearer with scope `feed`. Rejects when there is none to be had now. May call `sent` once, when all that is left is to wait. */
  fetchToken(sent?: () => void): Promise<FeedBearer>;
  /** One pull: the status, and the body where that is 200. Rejects when there is no answer. */
  pull?(token: string, body: string): Promise<PullReply>;
  /** The body of an RFC 7662 answer about the token. Rejects on anything but status 200. */
  introspect?(token: string): Promise<string>;
}

/** Goes on at once when nothing has to be waited for: a promise costs a turn that the cached path doesn't have. */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? later(value, next) : next(value);
}

async function later<T, U>(value: Promise<T>, next: (value: T) => Awaitable<U>): Promise<U> {
  return next(await value);
}
