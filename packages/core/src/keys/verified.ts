// What a key has found to be signed by it. Looking is what an introspection and a call with a bearer pay most for, and the same token is
// shown again and again. Only a yes is kept, under the whole text with its signature and nothing shorter; whatever else is asked of a
// token is judged anew each time. A key that is opened anew has seen nothing.

import { encodeBase64url } from "@hallpass/protocol";
import type { VerificationKey } from "./ring.ts";

/** Texts in each of two generations, of about a kilobyte each. */
const MOST = 4096;
/** Characters. What is longer than any token of ours is looked at each time. */
const LONGEST = 4096;

/** The same key with a memory of its own. */
export function rememberingKey(key: VerificationKey): VerificationKey {
  let recent = new Set<string>();
  let older = new Set<string>();
  return {
    ...key,
    verify: (input, signature) => {
      const text = `${input}.${encodeBase64url(signature)}`;
      if (recent.has(text)) return true;
      if (!older.has(text) && !key.verify(input, signature)) return false;
      if (text.length > LONGEST) return true;
      recent.add(text);
      if (recent.size >= MOST) [older, recent] = [recent, new Set()];
      return true;
    },
  };
}
