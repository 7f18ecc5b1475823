// `node --conditions=hallpass-source drills/differential/main.ts [--tokens 10000] [--seed 1]`
// Tokens beside ours, most of them signed after they were changed, read by our strict parser, by jose (JavaScript) and by jwcrypto (Python).
// What ours accepts under a good signature, both others must accept and read alike. Exits with 1 if one of them reads otherwise; and if a
// parser that is not strict, read the same way, agrees with everybody: then nothing was tried. Needs python3-jwcrypto.
// Of the attacks of spec/attacks.md: [J-37].

import { spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseCompactJws } from "@hallpass/protocol";
import { compactVerify, importJWK } from "jose";
import { sayProof } from "../../proof/line.ts";
import { mutated, mutatedJson } from "../fuzz/mutate.ts";
import { Random } from "../fuzz/random.ts";
import { wholeNumber } from "../whole-number.ts";

const given = parseArgs({
  options: { tokens: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } },
}).values;
const wanted = wholeNumber(given.tokens);
const random = new Random(wholeNumber(given.seed));
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const privateKey = createPrivateKey(pair.privateKey.export({ format: "pem", type: "pkcs8" }));
const publicKey = createPublicKey(pair.publicKey.export({ format: "pem", type: "spki" }));
const jwk = publicKey.export({ format: "jwk" });

interface Read {
  readonly header: unknown;
  readonly payload: unknown;
}

const HEADERS = [
  '{"alg":"ES256","typ":"at+jwt","kid":"k1"}',
  '{"alg":"ES256","typ":"at+jwt"}',
  '{"typ":"JWT","alg":"ES256"}',
  '{"alg":"ES256","kid":"k\\u0031"}',
];
const PAYLOADS = [
  '{"iss":"https://auth.example","sub":"u-1","aud":["https://api.example"],"exp":1900000000,"iat":1899999400,"jti":"j","scope":"read"}',
  '{"iss":"https://auth.example","claims":{"a":[1,2.5,-3e-7,1e21,9007199254740993,0.1],"b":{"c":null,"d":"é\\u00e9😀\\ud83d\\ude00"}}}',
  '{"a":1}',
  "{}",
];
/** Texts of JSON that parsers have read apart: two names, lone surrogates, numbers that overflow, marks, bytes that are no UTF-8. */
const APART = [
  '"a":1,"a":2',
  '"\\u0061":1,"a":2',
  '"a":"\\ud800"',
  '"a":1e999',
  '"a":-0',
  '"__proto__":{"b":1}',
  '"a":NaN',
  '"a":01',
  '"a":1,',
  '"":1',
];
const WORDS = [".", "=", "e30", "AAAA", "..", "-_", '"a":1', "\\u0000", "1e5", "null"];

function coded(text: string, inLatin1: boolean): string {
  const bytes = Buffer.from(text, inLatin1 ? "latin1" : "utf8");
  return bytes.toString("base64url");
}

function token(): string {
  const header = random.below(4) === 0 ? jsonBeside(random.oneOf(HEADERS)) : random.oneOf(HEADERS);
  const payload = random.below(3) > 0 ? jsonBeside(random.oneOf(PAYLOADS)) : random.oneOf(PAYLOADS);
  const input = `${coded(header, random.below(20) === 0)}.${coded(payload, random.below(20) === 0)}`;
  const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString(
    "base64url",
  );
  const whole = `${input}.${signature}`;
  return random.below(5) === 0 ? mutated(random, whole, WORDS) : whole;
}

function jsonBeside(json: string): string {
  switch (random.below(4)) {
    case 0:
      return mutated(random, json, [...WORDS, ...APART, " ", "\n", "\t", "\ufeff"]);
    case 1:
      return json === "{}" ? `{${random.oneOf(APART)}}` : `${json.slice(0, -1)},${random.oneOf(APART)}}`;
    default:
      return mutatedJson(random, json);
  }
}

function ours(text: string): Read | undefined {
  const parsed = parseCompactJws(text);
  if (!parsed.ok || parsed.header.alg !== "ES256") return undefined;
  const { header, payload, signingInput, signature } = parsed;
  const good = verify("sha256", Buffer.from(signingInput), { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
  return good ? { header: { ...header }, payload } : undefined;
}

/** What many write by hand: split, decode, JSON.parse. */
function loose(text: string): Read | undefined {
  const [header = "", payload = "", signature = ""] = text.trim().split(".");
  try {
    const good = verify(
      "sha256",
      Buffer.from(`${header}.${payload}`),
      { key: publicKey, dsaEncoding: "ieee-p1363" },
      Buffer.from(signature, "base64url"),
    );
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
    return good ? { header: read(header), payload: read(payload) } : undefined;
  } catch {
    return undefined;
  }
}

async function byJose(text: string, key: Awaited<ReturnType<typeof importJWK>>): Promise<Read | undefined> {
  try {
    const { protectedHeader, payload } = await compactVerify(text, key, { algorithms: ["ES256"] });
    return {
      header: protectedHeader,
      payload: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)) as unknown,
    };
  } catch {
    return undefined;
  }
}

/** Members in any order; a member without a value is as absent as one that was never written; 0 and -0 are one number. */
function alike(one: Read, other: Read): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${members
    .map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`)
    .toSorted()
    .join()}}`;
}

console.error(`${wanted} tokens`);
const tokens: string[] = [];
// One a line for the others: what is more than a line, or no ASCII, we refuse, and they need not see.
while (tokens.length < wanted) {
  const text = token();
  if (/^[\x21-\x7e]+$/.test(text)) tokens.push(text);
  else if (ours(text) !== undefined)
    throw new Error(`a token with other characters was accepted: ${JSON.stringify(text)}`);
}
const read = spawnSync("/usr/bin/python3", ["-B", join(import.meta.dirname, "read_tokens.py")], {
  input: [JSON.stringify(jwk), ...tokens].join("\n"),
  encoding: "utf8",
  maxBuffer: 1e9,
});
if (read.status !== 0) throw new Error(`jwcrypto could not be asked: ${read.stderr}`);
// NaN is no JSON: whoever read one read what nobody else can write.
const python = read.stdout
  .trimEnd()
  .split("\n")
  .map(
    (line) =>
      (/\bNaN\b|Infinity/.test(line) ? { ok: true } : JSON.parse(line)) as { readonly ok: boolean } & Partial<Read>,
  );
if (python.length !== tokens.length) throw new Error(`jwcrypto read ${python.length} of ${tokens.length}`);

const key = await importJWK(jwk, "ES256");
const apart: { readonly by: string; readonly token: string; readonly ours: unknown; readonly theirs: unknown }[] = [];
let [accepted, byBoth, looseApart] = [0, 0, 0];
for (const [index, text] of tokens.entries()) {
  const jose = await byJose(text, key);
  const other = python[index];
  const theirs = other?.ok === true ? { header: other.header, payload: other.payload } : undefined;
  if (jose !== undefined && theirs !== undefined) byBoth += 1;
  const mine = ours(text);
  if (mine !== undefined) {
    accepted += 1;
    for (const [by, seen] of [
      ["jose", jose],
      ["jwcrypto", theirs],
    ] as const)
      if (seen === undefined || !alike(mine, seen)) apart.push({ by, token: text, ours: mine, theirs: seen });
  }
  const careless = loose(text);
  if (careless !== undefined && [jose, theirs].some((seen) => seen === undefined || !alike(careless, seen)))
    looseApart += 1;
}

let kept: string | undefined;
if (apart.length > 0) {
  kept = mkdtempSync(join(tmpdir(), "hallpass-differential-"));
  writeFileSync(join(kept, "apart.json"), JSON.stringify({ seed: given.seed, jwk, apart }, null, 2));
  for (const one of apart.slice(0, 5)) console.log(`${one.by} reads otherwise: ${JSON.stringify(one).slice(0, 600)}`);
}
sayProof({
  id: "differential",
  promise: "P3",
  figure: `${tokens.length.toLocaleString("en")} tokens, ${accepted.toLocaleString("en")} accepted by ours, ${byBoth.toLocaleString("en")} by jose and jwcrypto, ${apart.length} read apart`,
  control: `a parser that is not strict was read apart ${looseApart} times`,
  seeds: given.seed,
  notShown: ["numbers beyond 2^53 as integers: all are compared as doubles, which is how tokens are read here"],
  passed: apart.length === 0 && looseApart > 0 && accepted > tokens.length / 10,
  ...(kept === undefined ? {} : { kept }),
});
