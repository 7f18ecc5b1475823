// Names that stand on the wire as spec/ writes them: whoever shares no code with us compares them as texts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCESS_TOKEN_TYPE } from "./access-token-claims.ts";
import { FEED_SCOPE, FEED_SUBPROTOCOL, FRAMES_TYPE } from "./feed-words.ts";
import { PACKED_FRAMES_TYPE } from "./packed-frames.ts";
import { RECEIPT_TYPE } from "./receipt.ts";
import { DEFAULT_SIGNING_ALG, isSigningAlg } from "./signing-alg.ts";

test("types, the subprotocol and the scope of the feed are those of the specifications [AT-1] [PULL-11]", () => {
  assert.deepEqual(
    [ACCESS_TOKEN_TYPE, RECEIPT_TYPE, FEED_SUBPROTOCOL, FEED_SCOPE, FRAMES_TYPE, PACKED_FRAMES_TYPE],
    [
      "at+jwt",
      "hallpass-receipt+jwt",
      "hallpass.feed.1",
      "feed",
      "application/x-ndjson",
      "application/vnd.hallpass.frames",
    ],
  );
});

test("what signs is ES256 unless asked otherwise, and an algorithm is known by exactly its name [AT-1]", () => {
  assert.equal(DEFAULT_SIGNING_ALG, "ES256");
  assert.deepEqual(["ES256", "RS256", "Ed25519"].map(isSigningAlg), [true, true, true]);
  for (const name of ["EdDSA", "es256", "none", "HS256", "ES384", ""]) assert.equal(isSigningAlg(name), false, name);
});
