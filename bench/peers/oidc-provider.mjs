// oidc-provider as its documentation sets it up for JWT access tokens: `node oidc-provider.mjs PORT [REDIS_PORT]`.
// Without Redis its adapter keeps everything in an unbounded Map: the default adapter is an LRU of 1,000 entries and loses grants
// under load. Nothing in the Map is durable.
// Refresh tokens are seeded through the provider's own models, because a browser sign-in is not what is measured.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { redisAdapter } from "./redis-adapter.mjs";

const entries = new Map();
const grants = new Map();

class MapAdapter {
  constructor(name) {
    this.name = name;
  }
  key(id) {
    return `${this.name}:${id}`;
  }
  async upsert(id, payload) {
    entries.set(this.key(id), payload);
    if (payload.grantId) {
      const members = grants.get(payload.grantId) ?? new Set();
      members.add(this.key(id));
      grants.set(payload.grantId, members);
    }
  }
  async find(id) {
    return entries.get(this.key(id));
  }
  async findByUid() {}
  async findByUserCode() {}
  async consume(id) {
    entries.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    entries.delete(this.key(id));
  }
  async revokeByGrantId(grantId) {
    for (const key of grants.get(grantId) ?? []) entries.delete(key);
    grants.delete(grantId);
  }
}

const [port, redisPort] = process.argv.slice(2).map(Number);
const issuer = `http://127.0.0.1:${port}`;
const audience = "https://api.bench.example";
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const resourceServer = {
  scope: "read write",
  audience,
  accessTokenFormat: "jwt",
  accessTokenTTL: 600,
  jwt: { sign: { alg: "ES256" } },
};

const provider = new Provider(issuer, {
  adapter: redisPort === undefined ? MapAdapter : redisAdapter(redisPort),
  clients: [
    {
      client_id: "bench",
      client_secret: "bench-secret-bench-secret-bench-secret",
      grant_types: ["refresh_token", "client_credentials", "authorization_code"],
      redirect_uris: ["https://client.bench.example/cb"],
      token_endpoint_auth_method: "client_secret_basic",
      id_token_signed_response_alg: "ES256",
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "bench", alg: "ES256", use: "sig" }] },
  scopes: ["openid", "read", "write", "offline_access"],
  rotateRefreshToken: true,
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  routes: { token: "/oauth2/token", introspection: "/oauth2/introspect", revocation: "/oauth2/revoke" },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => resourceServer,
      useGrantedResource: () => true,
    },
  },
});

// Access tokens are opaque: this provider keeps no JWT, and answers "inactive" to one.
async function seed(kind, count) {
  const client = await provider.Client.find("bench");
  const tokens = [];
  for (let n = 0; n < count; n += 1) {
    const accountId = `u-${n}`;
    const grant = new provider.Grant({ accountId, clientId: "bench" });
    grant.addResourceScope(audience, "read write");
    grant.addOIDCScope("openid offline_access");
    const grantId = await grant.save();
    const common = { accountId, client, grantId, gty: "authorization_code" };
    const token =
      kind === "refresh"
        ? new provider.RefreshToken({ ...common, resource: audience, scope: "offline_access read write" })
        : new provider.AccessToken({ ...common, scope: "openid" });
    tokens.push(await token.save());
  }
  return tokens;
}

const callback = provider.callback();

async function answer(request, response) {
  if (!request.url.startsWith("/__seed")) return callback(request, response);
  const { searchParams } = new URL(request.url, issuer);
  const tokens = await seed(searchParams.get("kind"), Number(searchParams.get("n")));
  response.setHeader("content-type", "application/json").end(JSON.stringify(tokens));
}

createServer((request, response) => void answer(request, response)).listen(port, "127.0.0.1", () =>
  process.stdout.write(`ready ${port}\n`),
);
