// A text as one frame of a WebSocket (RFC 6455 section 5.2): final, unmasked, in one piece of memory, so that it costs one write per socket;
// and a text that goes to many is made into a frame once.

const FINAL_TEXT = 0x81;
const IN_16_BITS = 126;
const IN_64_BITS = 127;
const MOST_IN_16_BITS = 65_535;

export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < IN_16_BITS ? 2 : length <= MOST_IN_16_BITS ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = FINAL_TEXT;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = IN_16_BITS;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = IN_64_BITS;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, head);
  return frame;
}

/** Remembers the last text: what is sent to everyone is sent to one after the other. */
export function sharedFrames(): (text: string) => Buffer {
  let last = { text: "", frame: textFrame("") };
  return (text) => {
    if (text !== last.text) last = { text, frame: textFrame(text) };
    return last.frame;
  };
}
