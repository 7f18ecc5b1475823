import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64url, encodeRefreshPayload, formatClientSecret, formatRefreshToken } from "@hallpass/protocol";
import { run } from "../run.ts";

const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
const refresh = formatRefreshToken(
  encodeRefreshPayload({ kid: 1, sid: SID, fam: "AAECAw", generation: 7 }),
  new Uint8Array(16).fill(3),
  new Uint8Array(16).fill(4),
);
const now = 1_764_000_180_000;

async function inspected(input: string, ...words: string[]): Promise<{ out: string; said: string; exit: number }> {
  const written = { out: "", said: "" };
  const exit = await run(["token", "inspect", ...words], {
    out: (text) => void (written.out += text),
    say: (text) => void (written.said += text),
    readInput: async () => input,
    env: {},
    now: () => now,
  });
  return { ...written, exit };
}

function jwt(header: object, claims: object): string {
  const part = (value: object): string => encodeBase64url(new TextEncoder().encode(JSON.stringify(value)));
  return `${part(header)}.${part(claims)}.${encodeBase64url(new Uint8Array(64).fill(1))}`;
}

const access = jwt(
  { alg: "ES256", typ: "at+jwt", kid: "k1" },
  {
    iss: "https://auth.example",
    sub: "ada@example.org",
    exp: 1_764_000_600,
    iat: 1_764_000_000,
    sid: SID,
    email: "ada@example.org",
    tags: ["ada"],
    profile: { name: "Ada" },
  },
);

test("an access token is described with its age, and what may be personal is masked", async () => {
  const { out, exit } = await inspected(`${access}\n`);
  assert.equal(exit, 0);
  assert.match(out, /^kind +access token \(at\+jwt\)$/m);
  assert.match(out, /^iat +2025-11-24T16:00:00\.000Z \(3 min ago\)$/m);
  assert.match(out, /^exp +2025-11-24T16:10:00\.000Z \(in 7 min\)$/m);
  assert.match(out, new RegExp(`^sid +${SID}$`, "m"));
  assert.match(out, /^sub +\(masked, 15 characters\)$/m);
  assert.doesNotMatch(out, /ada/i);
});

for (const [kind, token] of [
  ["an access token", access],
  ["a refresh token", refresh],
  ["a client secret", formatClientSecret(new Uint8Array(32).fill(9))],
] as const) {
  test(`the text of ${kind} is never printed, in no form of the answer`, async () => {
    for (const words of [["-"], ["--json"], [token]]) {
      const { out, said, exit } = await inspected(token, ...words);
      assert.equal(exit, 0);
      for (let at = 0; at + 16 <= token.length; at += 1) {
        const piece = token.slice(at, at + 16);
        assert.ok(!out.includes(piece) && !said.includes(piece), `${piece} of ${kind}`);
      }
    }
  });
}

test("a refresh token names its session, family and generation", async () => {
  const { out } = await inspected(refresh, "--json");
  assert.deepEqual(JSON.parse(out), { kind: "refresh_token", sid: SID, fam: "AAECAw", generation: 7, kid: 1 });
});

test("a token with one changed character is damaged, not unknown", async () => {
  const changed = refresh.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
  const { said, exit } = await inspected(changed);
  assert.equal(exit, 3);
  assert.match(said, /^error: .*refresh token.*checksum.*\nhint: /);
});

test("what is no token of ours is refused, and nothing on stdin is a wrong use", async () => {
  assert.equal((await inspected("hello")).exit, 3);
  assert.equal((await inspected("  \n")).exit, 2);
});

test("a token in the arguments is judged, with a warning that others can read it", async () => {
  const { said, exit } = await inspected("", refresh);
  assert.equal(exit, 0);
  assert.match(said, /pipe it/);
});
