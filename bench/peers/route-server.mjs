// A web app with one protected route, in one way of judging a request: `node route-server.mjs PORT KIND`. Each with the settings that its
// manual gives for speed; the route answers who it is. `GET /__seed?n=16` gives as many header lines of people who are signed in.

import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";

process.env.NODE_ENV ??= "production";

const [port, kind] = process.argv.slice(2);
const listening = { host: "127.0.0.1", port: Number(port) };
const { privateKey, publicKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const issuer = "https://issuer.bench.example";
const audience = "https://api.bench.example";

/** The claims that an access token of Hallpass has. */
function claimsOf(n) {
  return { sub: `u-${n}`, client_id: "bench", scope: "read write", sid: `s-${n}`, jti: `t-${n}` };
}

async function tokens(count) {
  const { SignJWT, importPKCS8 } = await import("jose");
  const key = await importPKCS8(privateKey, "ES256");
  const sign = (n) =>
    new SignJWT(claimsOf(n))
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "k1" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(key);
  return Promise.all(Array.from({ length: count }, async (_, n) => `Authorization: Bearer ${await sign(n)}`));
}

/** On node:http, with `judge` from the request to the claims, or undefined. */
function plain(judge, seeds) {
  const answer = async (request, response) => {
    if (request.url.startsWith("/__seed?n=")) return send(response, 200, await seeds(Number(request.url.slice(10))));
    const claims = await judge(request);
    if (claims === undefined) return send(response, 401, { error: "invalid_token" });
    send(response, 200, { subject: claims.sub });
  };
  createServer((request, response) => {
    answer(request, response).catch(() => send(response, 500, { error: "defect" }));
  }).listen(listening.port, listening.host, () => process.stdout.write(`ready ${port}\n`));
}

function send(response, status, json) {
  const body = JSON.stringify(json);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
    .end(body);
}

function bearer({ headers }) {
  return headers.authorization?.startsWith("Bearer ") === true ? headers.authorization.slice(7) : undefined;
}

async function fastifyJwt(cache) {
  const { default: Fastify } = await import("fastify");
  const { default: jwt } = await import("@fastify/jwt");
  const app = Fastify();
  await app.register(jwt, {
    secret: { private: privateKey, public: publicKey },
    verify: { cache, algorithms: ["ES256"], allowedIss: issuer, allowedAud: audience },
  });
  app.get("/__seed", (request) => tokens(Number(request.query.n)));
  app.get("/", { onRequest: (request) => request.jwtVerify() }, async (request) => ({ subject: request.user.sub }));
  await app.listen(listening);
  process.stdout.write(`ready ${port}\n`);
}

async function withJose() {
  const { importSPKI, jwtVerify } = await import("jose");
  const key = await importSPKI(publicKey, "ES256");
  const options = { issuer, audience, algorithms: ["ES256"], typ: "at+jwt" };
  plain(async (request) => {
    const token = bearer(request);
    if (token === undefined) return undefined;
    return jwtVerify(token, key, options).then(
      ({ payload }) => payload,
      () => undefined,
    );
  }, tokens);
}

async function withJsonwebtoken() {
  const { default: jsonwebtoken } = await import("jsonwebtoken");
  const { createPublicKey } = await import("node:crypto");
  // A key that has been read once, not a text that is read for each token.
  const key = createPublicKey(publicKey);
  const options = { issuer, audience, algorithms: ["ES256"] };
  plain((request) => {
    try {
      return jsonwebtoken.verify(bearer(request) ?? "", key, options);
    } catch {
      return undefined;
    }
  }, tokens);
}

async function withBetterAuth(cached) {
  const { betterAuth } = await import("better-auth");
  const { getMigrations } = await import("better-auth/db/migration");
  // Signing in is not what is measured; its scrypt takes a tenth of a second.
  const digest = (text) => createHash("sha256").update(text).digest("hex");
  const options = {
    baseURL: `http://127.0.0.1:${port}`,
    secret: "bench-secret-bench-secret-bench-secret",
    database: new DatabaseSync(":memory:"),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    emailAndPassword: {
      enabled: true,
      password: { hash: async (text) => digest(text), verify: async ({ hash, password }) => hash === digest(password) },
    },
    session: { cookieCache: { enabled: cached, maxAge: 3600 } },
  };
  await (await getMigrations(options)).runMigrations();
  const auth = betterAuth(options);
  const signUp = async (n) => {
    const body = { email: `u-${n}-${Date.now()}@bench.example`, password: "bench-password", name: `u-${n}` };
    const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true });
    return `Cookie: ${headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ")}`;
  };
  plain(
    async (request) => {
      const headers = new Headers({ cookie: request.headers.cookie ?? "" });
      const session = await auth.api.getSession({ headers });
      return session === null ? undefined : { sub: session.user.id };
    },
    (count) => Promise.all(Array.from({ length: count }, (_, n) => signUp(n))),
  );
}

const KINDS = {
  bare: () => plain((request) => (bearer(request) === undefined ? undefined : { sub: "u-1" }), tokens),
  "fastify-jwt": () => fastifyJwt(false),
  "fastify-jwt-cache": () => fastifyJwt(true),
  jose: withJose,
  jsonwebtoken: withJsonwebtoken,
  "better-auth": () => withBetterAuth(false),
  "better-auth-cache": () => withBetterAuth(true),
};
await KINDS[kind]();
