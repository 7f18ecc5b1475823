// What is measured: each operation as one request that every contender answers in its own way, at the same paths and for the same client.

import type { Contender } from "./contender.ts";
import type { Job } from "./job.ts";

export interface Size {
  readonly connections: number;
  readonly seconds: number;
  /** Requests of an operation that uses up what it is about. */
  readonly requests: number;
}

interface Prepared {
  readonly job: Job;
  /** Rejects when what was answered is not true. */
  readonly check: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

export const OPERATIONS: Readonly<Record<string, (contender: Contender, size: Size) => Promise<Prepared>>> = {
  refresh: async (contender, size) => {
    const first = await contender.refreshTokens(size.connections);
    const bodies = { kind: "chained", body: "grant_type=refresh_token", first } as const;
    return { job: jobOf(contender, size, "/oauth2/token", bodies, '"access_token":"ey'), check: nothing };
  },
  client_credentials: async (contender, size) => {
    const bodies = { kind: "same", bodies: [contender.clientCredentials] } as const;
    return { job: jobOf(contender, size, "/oauth2/token", bodies, '"access_token":"ey'), check: nothing };
  },
  introspect: async (contender, size) => {
    const tokens = await contender.accessTokens(size.connections);
    const bodies = { kind: "same", bodies: tokens.map((token) => `token=${token}`) } as const;
    return { job: jobOf(contender, size, "/oauth2/introspect", bodies, '"active":true'), check: nothing };
  },
  revoke: async (contender, size) => {
    const tokens = await contender.refreshTokens(size.requests);
    const bodies = { kind: "each", bodies: tokens.map((token) => `token=${token}`) } as const;
    // All of them, however long it takes.
    const job = jobOf(contender, { ...size, seconds: 600 }, "/oauth2/revoke", bodies, "");
    return { job, check: () => isRevoked(contender, tokens[0] ?? "") };
  },
};

function jobOf({ port, authorization }: Contender, size: Size, path: string, bodies: Job["bodies"], text: string): Job {
  const request = { method: "POST", path, headers: { Authorization: authorization } } as const;
  return { port, connections: size.connections, seconds: size.seconds, request, expect: { status: 200, text }, bodies };
}

async function isRevoked({ name, port, authorization }: Contender, token: string): Promise<void> {
  const { status } = await fetch(`http://127.0.0.1:${port}/oauth2/token`, {
    method: "POST",
    headers: { authorization },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: token }),
  });
  if (status !== 400) throw new Error(`${name} answered ${status} to a token that it has revoked`);
}
