// Requests that are made to cost as much as they can: signatures that are wrong at the last moment, and texts of every kind that are as long, as
// deep and as many as they may be. Each is refused, or answers that it knows nothing.

import { generateKeyPairSync, sign } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface Attack {
  readonly name: string;
  /** The whole of the next request, on a connection that is kept. */
  readonly request: () => string;
  /** What it may be answered with; 429 and 503 tell any of them to wait. */
  readonly status: readonly number[];
}

export interface Ground {
  readonly port: number;
  /** The operator's bearer: signed by a key that the server knows. */
  readonly bearer: string;
  /** `id:secret` in base64. */
  readonly basic: string;
}

/** The longest modulus that a client's key may have. */
const RSA_BITS = 4096;
const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Registers a client whose assertions are costly to look at. */
export async function attacksOn({ port, bearer, basic }: Ground): Promise<readonly Attack[]> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: RSA_BITS });
  const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "r", alg: "PS256", use: "sig" }] };
  const client = {
    client_id: "signer",
    token_endpoint_auth_method: "private_key_jwt",
    grant_types: ["client_credentials"],
    scope: "a",
    audiences: ["https://api.example"],
    jwks,
  };
  const at = `http://127.0.0.1:${port}`;
  const registered = await fetch(`${at}/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": JSON_TYPE },
    body: JSON.stringify(client),
  });
  if (registered.status !== 201) throw new Error(`the signer was not registered: ${await registered.text()}`);

  const send = (method: string, path: string, headers: Readonly<Record<string, string>>, body = ""): string => {
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}`);
    const length = body === "" && method === "GET" ? [] : [`content-length: ${Buffer.byteLength(body)}`];
    return [`${method} ${path} HTTP/1.1`, ...lines, ...length, "", body].join("\r\n");
  };
  const form = (path: string, body: string, headers = {}): string =>
    send("POST", path, { "content-type": FORM, ...headers }, body);
  const json = (path: string, body: string): string =>
    send("POST", path, { "content-type": JSON_TYPE, authorization: `Bearer ${bearer}` }, body);

  let count = 0;
  /** Of the right key's length, and wrong. */
  const forged = (): string => {
    count += 1;
    const [head = "", body = ""] = bearer.split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
    const signature = Buffer.alloc(64, 1);
    signature.writeUInt32BE(count, 10);
    return `${head}.${encoded({ ...claims, jti: `forged-${count}` })}.${signature.toString("base64url")}`;
  };
  const now = Math.floor(Date.now() / 1000);
  const assertion = (): string => {
    count += 1;
    const claims = { iss: "signer", sub: "signer", aud: at, iat: now, exp: now + 240, jti: `a-${count}` };
    const input = `${encoded({ alg: "PS256", kid: "r" })}.${encoded(claims)}`;
    const signature =
      count === 1 ? sign("sha256", Buffer.from(input), privateKey) : Buffer.alloc(RSA_BITS / 8, count % 251);
    return `${input}.${signature.toString("base64url")}`;
  };
  const own = { authorization: `Basic ${basic}` };
  const junk = (length: number): string => "a.".repeat(length / 2);
  const many = (n: number, one: (at: number) => string): string =>
    Array.from({ length: n }, (_, index) => one(index)).join("");

  return [
    {
      name: "bearers whose signature is wrong",
      status: [401],
      request: () => send("GET", "/v1/keys", { authorization: `Bearer ${forged()}` }),
    },
    {
      name: "introspections of such tokens",
      status: [200],
      request: () => form("/oauth2/introspect", `token=${forged()}`, own),
    },
    {
      name: "assertions of RSA with 4,096 bits, whose signature is wrong",
      status: [401],
      request: () =>
        form(
          "/oauth2/token",
          `grant_type=client_credentials&client_assertion_type=${ASSERTION_TYPE}&client_assertion=${assertion()}`,
        ),
    },
    {
      name: "tokens of dots",
      status: [401],
      request: () => send("GET", "/v1/keys", { authorization: `Bearer ${junk(7000)}` }),
    },
    {
      name: "introspections of long texts",
      status: [200, 400],
      request: () => form("/oauth2/introspect", `token=${junk(15_000)}`, own),
    },
    {
      name: "forms of many parameters",
      status: [400, 413],
      request: () => form("/oauth2/token", `grant_type=refresh_token${many(3000, (n) => `&p${n}=1`)}`),
    },
    {
      name: "scopes of many words",
      status: [400],
      request: () => form("/oauth2/token", `grant_type=client_credentials&scope=${many(1500, (n) => `s${n}+`)}a`, own),
    },
    { name: "deep JSON", status: [400], request: () => json("/v1/sessions/search", "[".repeat(60_000)) },
    {
      name: "wide JSON",
      status: [400],
      request: () => json("/v1/sessions/search", `{${many(6000, (n) => `"k${n}":1,`)}"z":1}`),
    },
    {
      name: "JSON of numbers",
      status: [400],
      request: () => json("/v1/sessions/search", `[${"1e400,".repeat(10_000)}1]`),
    },
    {
      name: "batches of tokens that are none",
      status: [200, 400],
      request: () => json("/v1/introspections", JSON.stringify({ tokens: Array.from({ length: 50 }, () => forged()) })),
    },
    {
      name: "many cookies",
      status: [401],
      request: () => send("GET", "/v1/keys", { cookie: many(1500, (n) => `c${n}=1; `) }),
    },
    { name: "long paths", status: [400, 404], request: () => send("GET", `/v1/${"%61".repeat(4000)}`, {}) },
    {
      name: "long Basic",
      status: [400, 401],
      request: () =>
        form("/oauth2/token", "grant_type=client_credentials", {
          authorization: `Basic ${Buffer.from(`operator:${"x".repeat(9000)}`).toString("base64")}`,
        }),
    },
  ];
}

export interface Answered {
  /** By status. */
  readonly statuses: Map<number, number>;
}

/** Asks on and on over connections that are kept, each when the one before was answered, until `over` says so. */
export async function attack(
  port: number,
  attacks: readonly Attack[],
  connections: number,
  over: () => boolean,
): Promise<ReadonlyMap<Attack, Answered>> {
  const answered = new Map(attacks.map((one) => [one, { statuses: new Map<number, number>() }]));
  let turn = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (!over()) {
        const one = attacks[(turn += 1) % attacks.length];
        if (one === undefined) return;
        const status = await askOnce(port, one.request());
        const { statuses } = answered.get(one) ?? { statuses: new Map<number, number>() };
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }),
  );
  return answered;
}

/** The status; 0 when the connection ended without one. A connection of its own, so that whoever is cut takes nobody along. */
export async function askOnce(port: number, text: string): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  let head = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    head += chunk;
    if (head.length >= 12) socket.destroy();
  });
  socket.on("error", () => {});
  socket.setTimeout(20_000, () => socket.destroy());
  socket.write(text);
  await closed(socket);
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
}

/** However it ended. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
