// One good frame of each type, as it stands on the wire: what tests of the feed change a member of.

type Sample = Readonly<Record<string, unknown>>;

export const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
/** 16 bytes. */
export const NONCE = "AAAAAAAAAAAAAAAAAAAAAA";

export const hello: Sample = {
  type: "hello",
  feed: 1,
  instance: "api-1",
  service: "api",
  region: "eu",
  version: "1.0",
  after: null,
  max_staleness_ms: 60_000,
  on_stale: "unavailable",
};
export const ping: Sample = { type: "ping", n: NONCE, applied: "1.42", keys: 7, stats: { tracked: 3 } };
export const activity: Sample = { type: "activity", sessions: [[SID, 5]] };
export const auth: Sample = { type: "auth", token: "t" };

export const welcome: Sample = {
  type: "welcome",
  feed: 1,
  issuer: "https://auth.example",
  tenant: "main",
  node: "n1",
  salt: NONCE,
  skew_s: 5,
  max_lifetime_s: 600,
  token_expires_ms: 1,
  resumed: false,
};
export const key: Sample = { kid: "k", state: "active", jwk: { kty: "EC" } };
export const keys: Sample = { type: "keys", version: 7, keys: [key] };
export const notice: Sample = { pos: "1.43", at_ms: 1, until_ms: 2, kind: "session", sid: SID };
const batch = { to: "1.43", cursor: "c", notices: [notice], horizon_ms: 1 };
export const notices: Sample = { type: "notices", after: "1.42", ...batch };
export const snapshot: Sample = { type: "snapshot", part: 1, last: true, ...batch };
export const head: Sample = { type: "head", n: NONCE, pos: "1.42", keys: 7, time_ms: 1 };
