// Texts that some library somewhere takes for a token, or for the same token: all of them genuinely signed where that is possible.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encodeBase64url } from "@hallpass/protocol";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { answerTo } from "./testing/scene.ts";
import { newKey, signJws } from "./testing/test-issuer.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };
let issuer: TestIssuer;
const keys = [await newKey(), await newKey()] as const;
const [key, neighbour] = keys;

before(async () => {
  issuer = await createTestIssuer(options);
  issuer.feed.publish(keys.map(({ wire }) => wire));
});
after(() => issuer.close());

const header = { alg: "ES256", typ: "at+jwt", kid: key.wire.kid };
const seconds = (): number => Math.floor(issuer.clock.now() / 1000);
const b64 = (text: string): string => encodeBase64url(new TextEncoder().encode(text));

function claims(more: Readonly<Record<string, unknown>> = {}): object {
  return {
    iss: options.issuer,
    sub: "u-1",
    aud: options.audience,
    client_id: "web",
    scope: "read",
    iat: seconds(),
    exp: seconds() + 600,
    jti: "4pJ0mB2nQm6cG0q3f1x0Aw",
    pos: "1.0",
    ...more,
  };
}

/** Signs a payload that no object of ours would be written as. */
async function signedText(payload: string): Promise<string> {
  const input = `${b64(JSON.stringify(header))}.${b64(payload)}`;
  const bytes = new TextEncoder().encode(input);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.sign, bytes);
  return `${input}.${encodeBase64url(new Uint8Array(signature))}`;
}

test("a header says alg, typ and kid: any other member refuses by its presence, whatever its value [NB-17] [J-13] [J-44]", async () => {
  assert.equal(await answerTo(issuer, await signJws(key.sign, header, claims())), "accepted");
  const names = [
    ..."b64 cty crit iss sub aud exp nonce url jwk jku x5u x5c x5t x5t#S256 epk apu apv iv tag enc zip p2s p2c".split(
      " ",
    ),
    ..."ppt svt skid trust_chain jwt client_id ALG Alg typ2 constructor toString".split(" "),
    "",
    " alg",
    "alg ",
    "\u0000alg",
    "__proto__",
  ];
  for (const name of names) {
    for (const value of ['"x"', "null", "true", "{}", "[]", "0"]) {
      const text = `{"alg":"ES256",${JSON.stringify(name)}:${value},"typ":"at+jwt","kid":"${key.wire.kid}"}`;
      const input = `${b64(text)}.${b64(JSON.stringify(claims()))}`;
      const bytes = new TextEncoder().encode(input);
      const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.sign, bytes);
      const token = `${input}.${encodeBase64url(new Uint8Array(signature))}`;
      assert.equal(await answerTo(issuer, token), "malformed_token", `${name}: ${value}`);
    }
  }
});

test("a token in any other form than three parts is none: with disclosures, as JSON, detached, quoted, encoded once more [NB-18] [J-39]", async () => {
  const good = await signJws(key.sign, header, claims());
  const [head = "", payload = "", signature = ""] = good.split(".");
  const forms = [
    `${good}~`,
    `${good}~WyJhIl0~`,
    `~${good}`,
    `${good};${good}`,
    `${good},${good}`,
    `${good}\n${good}`,
    JSON.stringify({ protected: head, payload, signature }),
    JSON.stringify({ payload, signatures: [{ protected: head, signature }] }),
    b64(JSON.stringify({ protected: head, payload, signature })),
    `${head}..${signature}`,
    `${good}.${signature}`,
    `${head}.${payload}.${signature}.${head}.${payload}`,
    `"${good}"`,
    `Bearer ${good}`,
    encodeURIComponent(`${good} `),
    good.replaceAll(".", "%2E"),
    b64(good),
    ` ${good}`,
    `${good} `,
    `${good}\u0000`,
    `\ufeff${good}`,
    good.replaceAll(".", "\u3002"),
    good.replaceAll(".", ".."),
  ];
  for (const form of forms) assert.equal(await answerTo(issuer, form), "malformed_token", form.slice(0, 40));
  assert.equal(await answerTo(issuer, good), "accepted");
});

test("a time is a whole number of seconds: no text, no fraction, nothing below zero or beyond what is exact [NB-28] [J-26] [J-27]", async () => {
  const now = seconds();
  const whole = { ...claims() } as Record<string, unknown>;
  const written = (name: string, raw: string): Promise<string> => {
    const members = Object.entries({ ...whole, [name]: "@" }).map(
      ([one, value]) => `"${one}":${JSON.stringify(value)}`,
    );
    return signedText(`{${members.join()}}`.replace('"@"', raw));
  };
  for (const name of ["exp", "iat", "nbf", "auth_time"]) {
    const wrong = [
      `"${now + 60}"`,
      `${now}.5`,
      "-1",
      "1e400",
      "9007199254740993",
      "null",
      "true",
      "[]",
      "{}",
      "NaN",
      "0x7fffffff",
      "01",
    ];
    for (const raw of wrong)
      assert.notEqual(await answerTo(issuer, await written(name, raw)), "accepted", `${name} ${raw}`);
  }
  const none = await signJws(key.sign, header, claims({ iat: now + 1, exp: now + 1 }));
  assert.notEqual(await answerTo(issuer, none), "accepted");
  assert.notEqual(
    await answerTo(issuer, await signJws(key.sign, header, claims({ exp: now + 100_000_000 }))),
    "accepted",
  );
});

test("the name of one key over the signature of another of the same set is no signature [NB-29] [J-05]", async () => {
  const swapped = await signJws(neighbour.sign, header, claims());
  assert.equal(await answerTo(issuer, swapped), "bad_signature");
  const own = await signJws(neighbour.sign, { ...header, kid: neighbour.wire.kid }, claims());
  assert.equal(await answerTo(issuer, own), "accepted");
  const [, payload, signature] = own.split(".");
  assert.equal(await answerTo(issuer, `${swapped.split(".")[0]}.${payload}.${signature}`), "bad_signature");
});
