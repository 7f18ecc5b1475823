// The platform's own crypto. Several verifiers check the same signatures: what was found once about a text under a key is
// found again. Nothing else is left out, and the verifier's own memory is not touched by it.

import { type Ports, type PublicKey, platformCrypto } from "@hallpass/verifier/simulation";

export function sharedCrypto(): Ports["crypto"] {
  const real = platformCrypto();
  const found = new WeakMap<PublicKey, Map<string, ReturnType<typeof real.verifyEs256>>>();
  const keys = new Map<string, ReturnType<typeof real.importKey>>();
  return {
    importKey: (jwk) => {
      const text = JSON.stringify(jwk);
      const key = keys.get(text) ?? real.importKey(jwk);
      keys.set(text, key);
      return key;
    },
    verifyEs256: (key, input, signature) => {
      const ofKey = found.get(key) ?? new Map<string, ReturnType<typeof real.verifyEs256>>();
      found.set(key, ofKey);
      const text = `${input} ${Buffer.from(signature).toString("base64")}`;
      const fits = ofKey.get(text) ?? real.verifyEs256(key, input, signature);
      ofKey.set(text, fits);
      return fits;
    },
    verifyOther: (alg, key, input, signature) => real.verifyOther(alg, key, input, signature),
    sha256: (bytes) => real.sha256(bytes),
  };
}
