// Writes the ES256 keys of a JWKS as PEM, one file for each: node jwks-to-pem.mjs https://auth.example/.well-known/jwks.json /etc/haproxy/keys
import { createPublicKey } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [, , address = "", folder = ""] = process.argv;
const { keys } = await (await fetch(address)).json();
mkdirSync(folder, { recursive: true });
for (const [index, jwk] of keys.filter(({ alg }) => alg === "ES256").entries()) {
  const key = createPublicKey({ key: jwk, format: "jwk" });
  writeFileSync(join(folder, `${index + 1}.pem`), key.export({ format: "pem", type: "spki" }));
}
