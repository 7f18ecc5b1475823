// A message as one frame of a WebSocket (RFC 6455 section 5.2): final, unmasked, in one piece of memory, so that it costs one write per socket;
// and a message that goes to many is made into a frame once.

import type { Message } from "./outbox.ts";

const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
const IN_16_BITS = 126;
const IN_64_BITS = 127;
const MOST_IN_16_BITS = 65_535;

export function messageFrame(message: Message): Buffer {
  const isText = typeof message === "string";
  const length = isText ? Buffer.byteLength(message) : message.length;
  const head = length < IN_16_BITS ? 2 : length <= MOST_IN_16_BITS ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = isText ? FINAL_TEXT : FINAL_BINARY;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = IN_16_BITS;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = IN_64_BITS;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  if (isText) frame.write(message, head);
  else frame.set(message, head);
  return frame;
}

/** Remembers the last message: what is sent to everyone is sent to one after the other. */
export function sharedFrames(): (message: Message) => Buffer {
  let last: { readonly message: Message; readonly frame: Buffer } = { message: "", frame: messageFrame("") };
  return (message) => {
    if (message !== last.message) last = { message, frame: messageFrame(message) };
    return last.frame;
  };
}
