// What a frame means in each state of a connection. Pure; the connection does what it says.
//
// frame     | awaiting hello | joining   | streaming | closed
// hello     | join           | malformed | malformed | nothing
// ping      | malformed      | keep      | answer    | nothing
// activity  | malformed      | note      | note      | nothing
// auth      | malformed      | judge     | judge     | nothing
// bye       | malformed      | leave     | leave     | nothing
// malformed | malformed      | malformed | malformed | nothing

import type { VerifierFrame } from "@hallpass/protocol";

export type StateKind = "awaiting hello" | "joining" | "streaming" | "closed";
export type FrameKind = VerifierFrame["type"] | "malformed";
/** `keep`: a ping that comes before its answer can be sent waits for it. */
export type Ruling = "join" | "keep" | "answer" | "note" | "judge" | "leave" | "malformed" | "nothing";

export function ruleOn(state: StateKind, frame: FrameKind): Ruling {
  if (state === "closed") return "nothing";
  if (state === "awaiting hello") return frame === "hello" ? "join" : "malformed";
  switch (frame) {
    case "ping":
      return state === "streaming" ? "answer" : "keep";
    case "activity":
      return "note";
    case "auth":
      return "judge";
    case "bye":
      return "leave";
    case "hello":
    case "malformed":
      return "malformed";
  }
}
