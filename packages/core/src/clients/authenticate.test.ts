// Who is let in, and above all who is not.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { formatClientSecret } from "@hallpass/protocol";
import type { ClientId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import { wholeMark } from "../keys/seen.ts";
import type { Snapshot } from "../store/store.ts";
import { aClient, aRow, macKeysOf, START, TENANT } from "../testing/builders.ts";
import { authenticateClient, type ClientCredentials } from "./authenticate.ts";
import type { CertificateName } from "./certificate-name.ts";
import { type Client, grantedAudience, grantedScope, hasSecret } from "./client.ts";
import type { ClientKeys } from "./client-keys.ts";
import { clientKey, clientToRow } from "./client-row.ts";
import { PRESET_KID, secretHash } from "./secret-hash.ts";

interface StoredVector {
  readonly bytes: string;
  readonly text: string;
  readonly kid: number;
  readonly owner: string;
  readonly hash: string;
}
interface Vectors {
  readonly server_keys: Readonly<Record<string, string>>;
  readonly client_secrets: readonly [StoredVector, StoredVector, StoredVector, StoredVector];
  readonly session_tokens: readonly StoredVector[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../../spec/vectors/opaque.json", import.meta.url), "utf8"),
) as Vectors;
const mac = macKeysOf(vectors.server_keys, 1);
const [good, ofBilling, , another] = vectors.client_secrets;

const confidential = aClient({
  authentication: "client_secret_basic",
  secrets: [{ kid: good.kid, hash: good.hash, added: START }],
});

function judged(client: Client | undefined, credentials: ClientCredentials, keys = mac): Client | undefined {
  const rows = client === undefined ? [] : [aRow(clientKey(TENANT, client.id), clientToRow(client))];
  const snapshot: Snapshot = {
    has: () => true,
    get: (key) => rows.find((row) => row.key.id === key.id && row.key.kind === key.kind),
    head: { pos: { epoch: 1, seq: 0 }, mark: "AAAAAAAAAAA" },
    clock: START,
  };
  return authenticateClient(TENANT, credentials, snapshot, keys)?.client;
}

const WEB = "web" as ClientId;
const basic = (secret: string, clientId = WEB): ClientCredentials => ({
  method: "client_secret_basic",
  clientId,
  secret: new Secret(secret),
});
const none: ClientCredentials = { method: "none", clientId: WEB };

describe("the hash at rest", () => {
  for (const { bytes, text, kid, owner, hash } of vectors.client_secrets) {
    it(`of ${owner}'s secret under key ${kid} is that of the vectors [OP-2]`, () => {
      const data = new Uint8Array(Buffer.from(bytes, "hex"));
      assert.equal(formatClientSecret(data), text);
      const actual = secretHash(mac, kid, "hallpass/client-secret/1", owner, data);
      assert.equal(Buffer.from(actual ?? []).toString("base64url"), hash);
    });
  }

  for (const { bytes, kid, owner, hash } of vectors.session_tokens) {
    it("of a session token is that of the vectors, and not that of a client secret [OP-2]", () => {
      const data = new Uint8Array(Buffer.from(bytes, "hex"));
      const hashed = (label: Parameters<typeof secretHash>[2]): string =>
        Buffer.from(secretHash(mac, kid, label, owner, data) ?? []).toString("base64url");
      assert.equal(hashed("hallpass/session-token/1"), hash);
      assert.notEqual(hashed("hallpass/client-secret/1"), hash);
    });
  }

  it("under a server key that is gone is no hash", () => {
    assert.equal(secretHash(mac, 77, "hallpass/client-secret/1", "web", new Uint8Array(32)), undefined);
  });
});

describe("a header that was recognized", () => {
  const mark = wholeMark("Basic of web");
  const never = new Secret(() => assert.fail("it was read again"));
  const recognized = { clientId: WEB, kid: good.kid, hash: good.hash };
  const shown = (secret: Secret): ClientCredentials => ({
    method: "client_secret_basic",
    clientId: WEB,
    secret,
    recognized,
  });

  it("was found to show a secret of its client, and nothing else is recognized [CAUTH-2]", () => {
    const marked = (text: string, of: string): ClientCredentials => ({
      method: "client_secret_basic",
      clientId: WEB,
      secret: new Secret(text),
      mark: wholeMark(of),
    });
    const keys = macKeysOf(vectors.server_keys, 1);
    assert.equal(judged(confidential, marked(another.text, "wrong"), keys), undefined);
    assert.equal(judged(undefined, marked(good.text, "of nobody"), keys), undefined);
    assert.equal(judged({ ...confidential, secrets: [] }, marked(good.text, "of none"), keys), undefined);
    assert.equal(judged(confidential, marked(good.text, "Basic of web"), keys)?.id, WEB);
    assert.deepEqual(keys.headers.get(mark), recognized);
    for (const other of ["wrong", "of nobody", "of none"])
      assert.equal(keys.headers.get(wholeMark(other)), undefined, other);
  });

  it("lets its client in without being read, for as long as the client has that secret [CAUTH-2] [SEC-1]", () => {
    assert.equal(judged(confidential, shown(never))?.id, WEB);
    const replaced = { ...confidential, secrets: [{ kid: another.kid, hash: another.hash, added: START }] };
    assert.equal(judged(replaced, shown(new Secret(good.text))), undefined);
    const underTheSameKey = { ...confidential, secrets: [{ kid: good.kid, hash: another.hash, added: START }] };
    assert.equal(judged(underTheSameKey, shown(new Secret(good.text))), undefined);
    const underAnotherKey = { ...confidential, secrets: [{ kid: 2, hash: good.hash, added: START }] };
    assert.equal(judged(underAnotherKey, shown(new Secret(good.text))), undefined);
    const over = [{ kid: good.kid, hash: good.hash, added: START, until: START }];
    assert.equal(judged({ ...confidential, secrets: over }, shown(never)), undefined, "its overlap has passed");
  });

  it("lets nobody in whose client is disabled, gone or registered otherwise [CAUTH-2] [O-19]", () => {
    assert.equal(judged({ ...confidential, status: "disabled" }, shown(never)), undefined);
    assert.equal(judged({ ...confidential, authentication: "client_secret_post" }, shown(never)), undefined);
    assert.equal(judged(undefined, shown(new Secret(good.text))), undefined);
  });
});

describe("a client", () => {
  it("is let in with its own secret, and without one if it is registered so [CAUTH-2]", () => {
    assert.equal(judged(confidential, basic(good.text))?.id, WEB);
    assert.equal(judged(aClient(), none)?.id, WEB);
    const posted: ClientCredentials = {
      method: "client_secret_post",
      clientId: WEB,
      secret: new Secret(good.text),
    };
    assert.equal(judged({ ...confidential, authentication: "client_secret_post" }, posted)?.id, WEB);
    assert.equal(judged(confidential, posted), undefined);
    const ways = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"] as const;
    assert.deepEqual(ways.map(hasSecret), [false, true, true, false, false]);
  });

  it("is let in with each of its secrets, and with one that was preset by its hash [O-21]", () => {
    const preset = createHash("sha256").update(another.text).digest("base64url");
    const two = {
      ...confidential,
      secrets: [...confidential.secrets, { kid: PRESET_KID, hash: preset, added: START }],
    };
    assert.equal(judged(two, basic(good.text))?.id, WEB);
    assert.equal(judged(two, basic(another.text))?.id, WEB);
  });

  const refused: readonly [title: string, client: Client | undefined, credentials: ClientCredentials][] = [
    ["is unknown", undefined, none],
    ["is unknown and shows a secret", undefined, basic(good.text)],
    ["is disabled and shows nothing else wrong", { ...confidential, status: "disabled" }, basic(good.text)],
    ["is public and disabled", aClient({ status: "disabled" }), none],
    ["has a secret and shows none", confidential, none],
    ["has no secret and shows one", aClient(), basic(good.text)],
    ["has lost all its secrets", { ...confidential, secrets: [] }, basic(good.text)],
    ["shows another client's secret", confidential, basic(another.text)],
    [
      "shows its secret, hashed for another client",
      { ...confidential, secrets: [{ kid: 1, hash: ofBilling.hash, added: START }] },
      basic(good.text),
    ],
    [
      "shows its secret, whose server key is gone",
      { ...confidential, secrets: [{ kid: 77, hash: good.hash, added: START }] },
      basic(good.text),
    ],
    [
      "shows its secret under another server key's id",
      { ...confidential, secrets: [{ kid: 2, hash: good.hash, added: START }] },
      basic(good.text),
    ],
    ["shows the hash itself", confidential, basic(good.hash)],
    ["shows a cut secret", confidential, basic(good.text.slice(0, -1))],
    ["shows a longer secret", confidential, basic(`${good.text}\0`)],
    ["shows an empty secret", confidential, basic("")],
    [
      "has a stored hash of another length",
      { ...confidential, secrets: [{ kid: PRESET_KID, hash: "AAAA", added: START }] },
      basic(good.text),
    ],
    [
      "has a stored hash that is none",
      { ...confidential, secrets: [{ kid: 1, hash: "?", added: START }] },
      basic(good.text),
    ],
  ];
  for (const [title, client, credentials] of refused) {
    it(`that ${title} is not let in [CAUTH-2] [O-19] [O-21] [O-23]`, () => {
      assert.equal(judged(client, credentials), undefined);
    });
  }
});

describe("a client of certificates", () => {
  const certificate = { kind: "san_dns", value: "pay.example" } as const;
  const client = aClient({ authentication: "tls_client_auth", certificate });
  const showing = (...shown: readonly CertificateName[]): ClientCredentials => ({ ...none, shown });

  it("is let in by its name among those of the certificate that is shown, and by no other [CAUTH-2]", () => {
    assert.equal(judged(client, showing(certificate))?.id, WEB);
    assert.equal(judged(client, showing({ ...certificate, value: "www.example" }, certificate))?.id, WEB);
    for (const shown of [
      none,
      showing(),
      showing({ ...certificate, value: "pay.example.evil" }),
      showing({ ...certificate, kind: "san_uri" }),
      basic(good.text),
    ])
      assert.equal(judged(client, shown), undefined);
    assert.equal(judged({ ...client, status: "disabled" }, showing(certificate)), undefined);
    const keys: ClientKeys = { kind: "published", uri: "https://pay.example/jwks" };
    const changed = { ...client, secrets: confidential.secrets, keys };
    assert.equal(judged(changed, showing(certificate))?.id, WEB);
    const byKeys: ClientCredentials = { method: "private_key_jwt", clientId: WEB, provenWith: keys };
    for (const other of [basic(good.text), byKeys]) assert.equal(judged(changed, other), undefined);
    assert.equal(judged(aClient({ authentication: "tls_client_auth" }), showing(certificate)), undefined);
  });

  it("is the only one for whom a certificate counts [CAUTH-2]", () => {
    assert.equal(judged(aClient(), showing(certificate))?.id, WEB);
    assert.equal(judged({ ...confidential, certificate }, showing(certificate)), undefined);
  });
});

describe("a client of assertions", () => {
  const keys: ClientKeys = { kind: "published", uri: "https://pay.example/jwks" };
  const client = aClient({ authentication: "private_key_jwt", keys });
  const proven = (provenWith: ClientKeys): ClientCredentials => ({
    method: "private_key_jwt",
    clientId: WEB,
    provenWith,
  });

  it("is let in while the keys that verified the assertion are its own [CAUTH-2]", () => {
    assert.equal(judged(client, proven({ ...keys }))?.id, WEB);
    assert.equal(judged(client, proven({ ...keys, uri: "https://evil.example/jwks" })), undefined);
    assert.equal(judged(aClient({ authentication: "private_key_jwt" }), proven(keys)), undefined);
    assert.equal(judged({ ...client, authentication: "none" }, proven(keys)), undefined);
    assert.equal(judged(undefined, proven(keys)), undefined);
    assert.equal(judged(client, none), undefined);
  });
});

describe("what a client may be granted", () => {
  const client = aClient({ scope: ["read", "write"], audiences: ["https://a.example", "https://b.example"] });

  it("is the scope it asks for, if it may have all of it, and everything without asking [TOK-11] [O-27]", () => {
    assert.deepEqual(grantedScope(client, undefined), ["read", "write"]);
    assert.deepEqual(grantedScope(client, ["write"]), ["write"]);
    assert.equal(grantedScope(client, ["write", "admin"]), undefined);
    assert.equal(grantedScope(client, ["admin"]), undefined);
  });

  it("is the audience it asks for, and its first alone without asking [JAT-9] [O-31] [O-32]", () => {
    assert.deepEqual(grantedAudience(client, undefined), ["https://a.example"]);
    assert.deepEqual(grantedAudience(client, []), ["https://a.example"]);
    assert.deepEqual(grantedAudience(client, ["https://b.example"]), ["https://b.example"]);
    assert.deepEqual(grantedAudience(client, ["https://b.example", "https://a.example"]), [
      "https://b.example",
      "https://a.example",
    ]);
    for (const asked of [["https://c.example"], ["https://a.example", "https://c.example"], ["https://A.example"]])
      assert.equal(grantedAudience(client, asked), undefined);
  });

  it("is no audience twice, and at most ten [AT-11] [J-29]", () => {
    assert.equal(grantedAudience(client, ["https://a.example", "https://a.example"]), undefined);
    const many = Array.from({ length: 11 }, (_, index) => `https://${index}.example`);
    const wide = aClient({ audiences: many });
    assert.deepEqual(grantedAudience(wide, many.slice(0, 10)), many.slice(0, 10));
    assert.equal(grantedAudience(wide, many), undefined);
  });
});

describe("a secret that was found right before", () => {
  it("is right again, and no other is: not one that differs in a byte, not in another's name, not after it was replaced", () => {
    assert.equal(judged(confidential, basic(good.text))?.id, WEB);
    assert.equal(judged(confidential, basic(good.text))?.id, WEB);
    for (let at = 0; at < 32; at += 1) {
      const bytes = Buffer.from(good.bytes, "hex");
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      assert.equal(judged(confidential, basic(formatClientSecret(bytes))), undefined, `byte ${at}`);
    }
    const other = "other" as ClientId;
    assert.equal(judged({ ...confidential, id: other }, basic(good.text, other)), undefined);
    const replaced = [{ kid: another.kid, hash: another.hash, added: START }];
    assert.equal(judged({ ...confidential, secrets: replaced }, basic(good.text)), undefined);
    const underAnotherKey = [{ kid: 2, hash: good.hash, added: START }];
    assert.equal(judged({ ...confidential, secrets: underAnotherKey }, basic(good.text)), undefined);
    assert.equal(judged({ ...confidential, secrets: [] }, basic(good.text)), undefined);
    assert.equal(judged({ ...confidential, status: "disabled" }, basic(good.text)), undefined);
    assert.equal(judged(undefined, basic(good.text)), undefined);
    assert.equal(judged(confidential, basic(good.text))?.id, WEB);
  });

  it("is hashed once, and anything else each time: as often for nobody, and for who has none, as for a wrong one [CAUTH-2]", () => {
    const keys = macKeysOf(vectors.server_keys, 1);
    let hashed = 0;
    const counting = {
      ...keys,
      derive: (kid: number, info: string) => {
        hashed += 1;
        return keys.derive(kid, info);
      },
    };
    const hashes = (client: Client | undefined, secret: string): number => {
      hashed = 0;
      judged(client, basic(secret), counting);
      return hashed;
    };
    assert.deepEqual([hashes(confidential, good.text), hashes(confidential, good.text)], [1, 0]);
    for (const client of [confidential, undefined, { ...confidential, secrets: [] }])
      assert.deepEqual([hashes(client, another.text), hashes(client, another.text)], [1, 1]);
  });
});
