// Signatures and SHA-256 of the platform: synchronous through node:crypto where that exists, WebCrypto elsewhere.
// A key is imported once; a PEM or a JWK per call would cost more than the signature.

import { derWriter } from "./der-signature.ts";
import type { Crypto, PublicJwk, PublicKey } from "./ports.ts";

/** What of node:crypto is used, by name: this package imports no type of Node. */
export interface NodeCrypto {
  createPublicKey(source: { readonly key: object; readonly format: "jwk" }): PublicKey;
  verify(algorithm: "sha256" | null, data: Uint8Array, key: PublicKey, signature: Uint8Array): boolean;
  hash(algorithm: "sha256", data: Uint8Array, encoding: "latin1"): string;
}

/** Loads the platform's with the first call, or with `load`. */
export function platformCrypto(): Crypto {
  let made: Crypto | undefined;
  const loaded = (): Crypto => (made ??= chosenCrypto());
  return {
    load: () => void loaded(),
    importKey: (jwk) => loaded().importKey(jwk),
    verifyEs256: (key, signingInput, signature) => loaded().verifyEs256(key, signingInput, signature),
    verifyOther: (alg, key, signingInput, signature) => loaded().verifyOther(alg, key, signingInput, signature),
    sha256: (bytes) => loaded().sha256(bytes),
  };
}

function chosenCrypto(): Crypto {
  const node = nodeCrypto();
  return node === undefined ? webCrypto() : synchronousCrypto(node);
}

// Reached without an import, so that bundlers for other platforms find nothing to resolve.
function nodeCrypto(): NodeCrypto | undefined {
  const { process } = globalThis as { readonly process?: { getBuiltinModule?(name: string): NodeCrypto | undefined } };
  return process?.getBuiltinModule?.("node:crypto");
}

export function synchronousCrypto(node: NodeCrypto): Crypto {
  const derOf = derWriter();
  return {
    importKey: (jwk) => node.createPublicKey({ key: { ...jwk }, format: "jwk" }),
    verifyEs256: (key, signingInput, signature) => {
      try {
        return node.verify("sha256", Buffer.from(signingInput, "latin1"), key, derOf(signature));
      } catch {
        return false;
      }
    },
    verifyOther: (alg, key, signingInput, signature) => {
      try {
        const digest = alg === "RS256" ? "sha256" : null;
        return node.verify(digest, Buffer.from(signingInput, "latin1"), key, signature);
      } catch {
        return false;
      }
    },
    // Three times as fast through a text than through a Buffer.
    sha256: (bytes) => {
      const text = node.hash("sha256", bytes, "latin1");
      const digest = new Uint8Array(text.length);
      for (let at = 0; at < digest.length; at += 1) digest[at] = text.charCodeAt(at);
      return digest;
    },
  };
}

/** What WebCrypto has to be told, by the kind of key. */
const ALGORITHMS = {
  EC: { name: "ECDSA", namedCurve: "P-256" },
  RSA: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  OKP: { name: "Ed25519" },
} as const;

export function webCrypto(): Crypto {
  const { subtle } = globalThis.crypto;
  return {
    importKey: (jwk: PublicJwk): Promise<PublicKey> =>
      subtle.importKey("jwk", { ...jwk }, ALGORITHMS[jwk.kty], false, ["verify"]),
    verifyEs256: (key, signingInput, signature) =>
      subtle
        .verify({ name: "ECDSA", hash: "SHA-256" }, key as CryptoKey, new Uint8Array(signature), ascii(signingInput))
        .catch(() => false),
    verifyOther: (alg, key, signingInput, signature) =>
      subtle
        .verify(
          ALGORITHMS[alg === "RS256" ? "RSA" : "OKP"],
          key as CryptoKey,
          new Uint8Array(signature),
          ascii(signingInput),
        )
        .catch(() => false),
    sha256: async (bytes) => new Uint8Array(await subtle.digest("SHA-256", new Uint8Array(bytes))),
  };
}

function ascii(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
