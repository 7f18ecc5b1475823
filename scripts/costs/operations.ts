// The operations whose cost is counted: each as a request to a whole server on the memory store, in its usual case, asked for the second time.

import type { Store } from "@hallpass/core";
import { createTestIssuer, type TestIssuer } from "@hallpass/verifier/testing";
import { createCheck } from "../../packages/server/src/gateway/check.ts";
import { API, basicHeader, ISSUER, type Scene, scene } from "../../packages/server/src/testing/scene.ts";
import { type Counts, countedStore, countsOf } from "./counted.ts";

/** Makes what the request needs, which is not counted, and gives the request, which answers its status. */
export type Ready = (stage: Scene) => Promise<() => Promise<number>>;

export interface Counted {
  readonly name: string;
  readonly ready: Ready;
  readonly status: number;
  /** It allocates little: `again` when the same request may be asked again and again, `each` when each is another one. */
  readonly small?: "again" | "each";
}

export const OPERATIONS: readonly Counted[] = [
  {
    name: "client_credentials",
    status: 200,
    ready: async (stage) => posting(stage, "/oauth2/token", service(stage), { grant_type: "client_credentials" }),
  },
  {
    name: "open a session, with an access and a refresh token",
    status: 201,
    ready: async (stage) => {
      const authorization = `Bearer ${await stage.bearer()}`;
      const json = { ...somebody(), client_id: "web" };
      return async () => (await stage.send({ path: "/v1/sessions", headers: { authorization }, json })).status;
    },
  },
  {
    name: "refresh, with rotation",
    status: 200,
    ready: async (stage) => {
      const { refresh } = await stage.open(somebody());
      return async () => (await stage.refresh(refresh)).status;
    },
  },
  {
    name: "introspect an access token",
    status: 200,
    ready: async (stage) =>
      posting(stage, "/oauth2/introspect", service(stage), { token: (await stage.open(somebody())).access }),
  },
  {
    name: "revoke by the client (RFC 7009)",
    status: 200,
    ready: async (stage) => {
      const { refresh } = await stage.open(somebody());
      return posting(stage, "/oauth2/revoke", {}, { token: refresh, client_id: "web" });
    },
  },
  {
    name: "revoke a session, with a receipt",
    status: 201,
    ready: async (stage) => {
      const { sid } = await stage.open(somebody());
      const authorization = `Bearer ${await stage.bearer()}`;
      const json = { targets: [{ type: "session", sid }] };
      return async () => (await stage.send({ path: "/v1/revocations", headers: { authorization }, json })).status;
    },
  },
  {
    name: "/check by cookie",
    status: 200,
    small: "again",
    ready: async (stage) => {
      const check = createCheck(stage.services);
      const query = new URLSearchParams({ audience: API }).toString();
      const cookie = await sessionCookie(stage);
      const headers: Readonly<Record<string, readonly string[]>> = { cookie: [cookie], "x-original-method": ["GET"] };
      const ask = async (): Promise<number> => (await check(query, (name) => headers[name] ?? [])).status;
      // What the upstream gets is signed twice a minute for a session.
      await ask();
      return ask;
    },
  },
  {
    name: "a verdict, of a token that the verifier remembers",
    status: 200,
    small: "again",
    ready: async (stage) => {
      const issuer = await issuerBeside(stage);
      const ask = judging(issuer, await issuer.token());
      await ask();
      return ask;
    },
  },
  {
    name: "a verdict, of a token that it has never seen",
    status: 200,
    small: "each",
    ready: async (stage) => {
      const issuer = await issuerBeside(stage);
      return judging(issuer, await issuer.token());
    },
  },
];

const issuers = new WeakMap<Scene, Promise<TestIssuer>>();

/** With a verifier that has a view of some notices; one for all requests of a stage. */
function issuerBeside(stage: Scene): Promise<TestIssuer> {
  const before = issuers.get(stage);
  if (before !== undefined) return before;
  const made = createTestIssuer({ issuer: ISSUER, audience: API }).then(async (issuer) => {
    for (let n = 0; n < LIVE_NOTICES; n += 1) await issuer.revoke({ subject: `gone-${n}` });
    // Its first token is the one for which the key is opened.
    await judging(issuer, await issuer.token())();
    return issuer;
  });
  issuers.set(stage, made);
  return made;
}

const LIVE_NOTICES = 20;

/** As an app on node:http asks. */
function judging({ verifier }: TestIssuer, token: string): () => Promise<number> {
  const authorization = [`Bearer ${token}`];
  const credentials = { method: "GET", authorization, cookie: [], origin: null, fetchSite: null, upgrade: false };
  return async () => {
    const verdict = await verifier.verifyCredentials(credentials);
    return verdict.kind === "accepted" ? 200 : 401;
  };
}

/** A person who has no session yet: with too many, the oldest of them ends. */
function somebody(): { readonly subject: string } {
  return { subject: `u-${crypto.randomUUID()}` };
}

function service({ basic }: Scene): Readonly<Record<string, string>> {
  return { ...basicHeader(basic.service) };
}

function posting(
  stage: Scene,
  path: string,
  headers: Readonly<Record<string, string>>,
  form: Readonly<Record<string, string>>,
): () => Promise<number> {
  return async () => (await stage.send({ path, headers, form })).status;
}

async function sessionCookie(stage: Scene): Promise<string> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const body = { ...somebody(), client_id: "web", issue: ["session_token"] };
  const { json } = await stage.send({ path: "/v1/sessions", headers, json: body });
  return `__Host-session=${String(json["session_token"])}`;
}

/**
 * The counts of every operation, by its name. Rejects when one of them is not answered as it should be. What is planted stands between the
 * server and the store that counts.
 */
export async function countAll(
  planted: (store: Store) => Store = (store) => store,
): Promise<ReadonlyMap<string, Counts>> {
  const all = new Map<string, Counts>();
  for (const { name, ready, status } of OPERATIONS) {
    const stage = await scene({ wrapStore: (store) => planted(countedStore(store)) });
    const run = async (): Promise<Counts> => {
      const ask = await ready(stage);
      return countsOf(async () => {
        const answered = await ask();
        if (answered !== status) throw new Error(`${name} answered ${answered}`);
      });
    };
    await run();
    all.set(name, await run());
  }
  return all;
}
