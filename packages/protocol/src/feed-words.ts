// What the feed is called, and how its connections end (spec/feed.md).

export const FEED_VERSION = 1;
export const FEED_SUBPROTOCOL = "hallpass.feed.1";
export const FEED_SCOPE = "feed";
/** Of packed frames: the last byte of their beginning, and what a `hello` says that can read them. */
export const PACKED_VERSION = 1;
/** Frames one to a line: how they travel in a pull. */
export const FRAMES_TYPE = "application/x-ndjson";

export const FEED_CLOSE = {
  malformed: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  helloTimeout: 4408,
  replaced: 4409,
  slow: 4429,
  fault: 1011,
  drain: 1012,
} as const;
