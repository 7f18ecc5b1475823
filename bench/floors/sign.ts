// A signed access token, beside libraries that sign a JWT and beside bare node:crypto.
//   npm run bench -- --only sign [--rounds 21] [--quick]

import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { parseArgs } from "node:util";
import { type ClientId, instantOf, type Seconds, type SessionId } from "@hallpass/core";
import { openKeyOf } from "../../packages/core/src/keys/open-key.ts";
import { signingDesk } from "../../packages/core/src/keys/signing-desk.ts";
import { draftAccessToken, signAccessToken } from "../../packages/core/src/tokens/access-token.ts";
import { systemDice, systemNextTurn } from "../../packages/server/src/host/system-ports.ts";
import { fastJwtSigner, joseSigner, jsonwebtokenSigner } from "../peers/libraries.mjs";
import { alternate, sayRates } from "../rounds.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 21));
const PER_ROUND = 1600;
const WARM_UP = values.quick ? 2000 : 10_000;
/** What requests that arrive together ask for. */
const TOGETHER = 16;
const MOST = 2500;

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = pair.privateKey.export({ type: "pkcs8", format: "pem" });
const key = createPrivateKey(pem);
const { signer: bare } = openKeyOf("ES256", pair.privateKey.export({ type: "pkcs8", format: "der" }));
const signer = { ...bare, signSoon: signingDesk(bare.sign, systemNextTurn) };
const dice = systemDice();
const header = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: "k1" })).toString("base64url");

function claims(): Readonly<Record<string, unknown>> {
  const iat = Math.floor(Date.now() / 1000);
  const about = { sub: "u-1", client_id: "web", scope: "read write", jti: randomUUID(), sid: randomUUID() };
  return { iss: "https://auth.example", aud: "https://api.example", iat, exp: iat + 300, ...about, pos: "1.0" };
}

async function ours(): Promise<string> {
  const draft = draftAccessToken(
    {
      issuer: "https://auth.example",
      subject: "u-1",
      audience: ["https://api.example"],
      client: "web" as ClientId,
      scope: ["read", "write"],
      pos: { epoch: 1, seq: 0 },
      now: instantOf(Date.now()),
      lifetime: 300 as Seconds,
      notAfter: null,
      session: {
        id: randomUUID() as SessionId,
        family: "AAECAw",
        ancestors: [],
        authTime: null,
        acr: null,
        amr: [],
        claims: {},
      },
    },
    signer,
    dice,
  );
  if (draft === undefined || draft.size > MOST) throw new Error("the token was too large");
  return (await signAccessToken(draft)).token.reveal();
}

const fastJwt = fastJwtSigner(pem);
const jose = await joseSigner(pem);
const jsonwebtoken = jsonwebtokenSigner(pem);
const looped = (name: string, once: () => unknown) => ({
  name,
  run: async (count: number) => {
    for (let n = 0; n < count; n += 1) await once();
  },
});
const results = await alternate(
  [
    looped("floor: node:crypto + JSON.stringify", () => {
      const input = `${header}.${Buffer.from(JSON.stringify(claims())).toString("base64url")}`;
      return `${input}.${sign("sha256", Buffer.from(input, "latin1"), key).toString("base64url")}`;
    }),
    looped("Hallpass, alone", ours),
    {
      name: `Hallpass, ${TOGETHER} together, as requests that arrive together`,
      run: async (count) => {
        for (let n = 0; n < count; n += TOGETHER) await Promise.all(Array.from({ length: TOGETHER }, ours));
      },
    },
    looped("fast-jwt", () => fastJwt(claims())),
    looped("jose", () => jose(claims())),
    looped("jsonwebtoken", () => jsonwebtoken(claims())),
  ],
  rounds,
  PER_ROUND,
  WARM_UP,
);
sayRates("sign", "an access token is signed (ES256)", results);
