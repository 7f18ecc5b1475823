// Parsers with a bug of each kind that is looked for, beside the real ones: each has to be found, or nothing was looked for.

import { parsePosition, parseSessionToken } from "@hallpass/protocol";
import { OF_TOKENS } from "./parsers-of-tokens.ts";
import type { Target } from "./target.ts";

function like(name: string): Target {
  const found = OF_TOKENS.find((target) => target.name === name);
  if (found === undefined) throw new Error(`no parser is called "${name}"`);
  return found;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Milliseconds: as long as a pattern that goes back takes on a text of some length. */
const SLOW_MS = 300;

export const PLANTED: readonly { readonly kind: string; readonly target: Target }[] = [
  {
    kind: "a parser that throws",
    target: {
      ...like("position"),
      read: (text) => {
        if (parsePosition(text) === undefined && /^\d+\.\d+e/.test(text)) throw new RangeError("planted");
        return like("position").read(text);
      },
    },
  },
  {
    kind: "a second spelling",
    // The last character of the checksum is not looked at.
    target: {
      ...like("session token"),
      read: (text) => {
        const whole = like("session token").read(text);
        if (whole !== undefined) return whole;
        const mended = ALPHABET.split("")
          .map((last) => text.slice(0, -1) + last)
          .find((one) => parseSessionToken(one) !== undefined);
        return mended === undefined ? undefined : { written: mended };
      },
    },
  },
  {
    kind: "a parser that is slow",
    target: {
      ...like("scope"),
      read: (text) => {
        if (/ {40}/.test(text)) for (const begun = performance.now(); performance.now() - begun < SLOW_MS; );
        return like("scope").read(text);
      },
    },
  },
];
