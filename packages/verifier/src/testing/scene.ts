// Questions that the tests of the feed ask about one test issuer.

import type { Position, VerifierFrame } from "@hallpass/protocol";
import type { FeedPeer } from "./memory-feed.ts";
import type { TestIssuer } from "./test-issuer.ts";

/** `accepted`, or the code of the verdict. */
export async function answerTo(issuer: TestIssuer, token: string, maxAgeMs?: number): Promise<string> {
  const verdict = await issuer.verifier.verify(token, maxAgeMs === undefined ? {} : { maxAgeMs });
  return verdict.kind === "accepted" ? "accepted" : verdict.code;
}

type Kind = VerifierFrame["type"];
type FrameOf<K extends Kind> = Extract<VerifierFrame, { readonly type: K }>;

/** What the verifier sent on its newest connection. */
export function sentBy<K extends Kind>(issuer: TestIssuer, kind: K): FrameOf<K>[] {
  const received = issuer.feed.history.at(-1)?.received ?? [];
  return received.filter((frame): frame is FrameOf<K> => frame.type === kind);
}

/** The one open connection. */
export function peerOf(issuer: TestIssuer): FeedPeer {
  const [peer] = issuer.feed.peers;
  if (peer === undefined) throw new Error("no verifier is connected");
  return peer;
}

export function after(pos: Position, by = 1): Position {
  return { epoch: pos.epoch, seq: pos.seq + by };
}
