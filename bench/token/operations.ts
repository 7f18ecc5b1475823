// What is measured: each operation as one request that every contender of its kind answers, checked.

import type { Contender, SignedInSide, TokenSide } from "./contender.ts";
import type { Bodies, Job } from "./job.ts";

export interface Size {
  readonly connections: number;
  readonly seconds: number;
  /** Requests of an operation that uses up what it is about. */
  readonly requests: number;
}

export interface Prepared {
  readonly job: Job;
  /** Rejects when what was answered is not true. */
  readonly check: () => Promise<void>;
}

export const TITLES: Readonly<Record<string, string>> = {
  client_credentials: "an access token is issued for a service",
  open: "a session is opened",
  refresh: "a refresh token is rotated",
  introspect: "an access token is introspected",
  revoke: "a refresh token is revoked (RFC 7009)",
  check: "a session is looked up by its cookie (/check)",
  route: "a protected route, with the verifier and with what apps use",
};

/** Undefined for a contender that does nothing of the kind. */
type Operation = (contender: Contender, size: Size) => Promise<Prepared> | undefined;

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  refresh: ofTokens(async (side, size) => {
    const first = await side.refreshTokens(size.connections);
    return posting(side, size, "/oauth2/token", { kind: "chained", body: "grant_type=refresh_token", first });
  }),
  client_credentials: ofTokens(async (side, size) =>
    posting(side, size, "/oauth2/token", { kind: "same", bodies: [side.clientCredentials] }),
  ),
  introspect: ofTokens(async (side, size) => {
    const bodies = (await side.accessTokens(size.connections)).map((token) => `token=${token}`);
    return posting(side, size, "/oauth2/introspect", { kind: "same", bodies }, '"active":true');
  }),
  revoke: ofTokens(async (side, size) => {
    const tokens = await side.refreshTokens(size.requests);
    const bodies = { kind: "each", bodies: tokens.map((token) => `token=${token}`) } as const;
    // All of them, however long it takes.
    const { job } = posting(side, { ...size, seconds: 600 }, "/oauth2/revoke", bodies, "");
    return { job, check: () => refusesRefresh(side, tokens[0] ?? "") };
  }),
  open: ({ opens }, size) => opens && opening(opens, size),
  check: ({ check, name }, size) => check && lookingUp(check, name, size),
  route: ({ route, name }, size) => route && lookingUp(route, name, size),
};

function ofTokens(prepare: (side: TokenSide, size: Size) => Promise<Prepared>): Operation {
  return ({ tokens }, size) => (tokens === undefined ? undefined : prepare(tokens, size));
}

const FORM = "application/x-www-form-urlencoded";

function posting(
  { port, authorization }: TokenSide,
  { connections, seconds }: Size,
  path: string,
  bodies: Bodies,
  text = '"access_token":"ey',
): Prepared {
  const headers = { Authorization: authorization, "Content-Type": FORM };
  const request = { method: "POST", path, headers } as const;
  return {
    job: { port, connections, seconds, request, lines: [], expect: { status: 200, text }, bodies },
    check: () => Promise.resolve(),
  };
}

async function opening(opens: NonNullable<Contender["opens"]>, { connections, requests }: Size): Promise<Prepared> {
  const { bodies, ...rest } = await opens(requests);
  const job: Job = { ...rest, connections, seconds: 600, lines: [], bodies: { kind: "each", bodies } };
  return { job, check: () => Promise.resolve() };
}

async function lookingUp(side: SignedInSide, name: string, { connections, seconds }: Size): Promise<Prepared> {
  const { port, path } = side;
  const lines = await side.signIn(connections);
  const request = { method: "GET", path, headers: { "X-Original-Method": "GET" } } as const;
  const bodies = { kind: "same", bodies: [""] } as const;
  return {
    job: { port, connections, seconds, request, lines, expect: { status: 200, text: "" }, bodies },
    check: async () => {
      if (!side.judges) return;
      // Of the same form, and nobody's.
      const [header = "", value = ""] = (lines[0] ?? "").split(": ");
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { ...request.headers, [header]: value.replaceAll(/.{8}(?=;|$)/g, "AAAAAAAA") },
      });
      if (status !== 401) throw new Error(`${name} answered ${status} to somebody who is not signed in`);
    },
  };
}

async function refusesRefresh({ port, authorization }: TokenSide, token: string): Promise<void> {
  const { status } = await fetch(`http://127.0.0.1:${port}/oauth2/token`, {
    method: "POST",
    headers: { authorization },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: token }),
  });
  if (status !== 400) throw new Error(`a token that was revoked is answered ${status}`);
}
