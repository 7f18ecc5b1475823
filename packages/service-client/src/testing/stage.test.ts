// A whole server behind a socket, a client of it, and one clock for both. Time passes only when the test says so, or when
// the client rests: then all at once. Between the two stands a wire that counts, and can answer in the server's place.

import { type Instant } from "@hallpass/core";
import { loadConfig, startServer } from "@hallpass/server";
import type { ServiceClientOptions } from "../options.ts";
import type { Ports, Timing } from "../ports.ts";
import { platformPorts } from "../runtime.ts";
import { createServiceClientOn, type ServiceClient } from "../service-client.ts";

export interface Stage {
  readonly client: ServiceClient;
  /** Another client with the same credentials, as in another process. */
  readonly another: (more?: Partial<ServiceClientOptions>) => ServiceClient;
  readonly timing: Timing;
  readonly url: string;
  readonly secret: string;
  readonly clock: { now: () => number; advance: (ms: number) => void; jumpWall: (ms: number) => void };
  /** How often the token endpoint was asked. */
  readonly asked: () => number;
  /** Of the newest token, in milliseconds: the server scatters it. */
  readonly lifetime: () => number;
  /** The client's waits, in milliseconds. */
  readonly rests: number[];
  /** What the wire answers to questions for tokens; undefined passes them on to the server. */
  readonly say: (answer: (() => Response | Error) | undefined) => void;
  /** A call of the service itself, past the client. */
  readonly post: (path: string, token: string, form: Readonly<Record<string, string>>) => Promise<number>;
  readonly end: () => Promise<void>;
}

const START = 1_800_000_000_000;

/** `over`: keys of the server's configuration. */
export async function stage(
  more: Partial<ServiceClientOptions> = {},
  over: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  let passed = 0;
  let jumped = 0;
  let count = 0;
  let lifetime = 0;
  const rests: number[] = [];
  const now = (): number => START + passed + jumped;
  const loaded = loadConfig({
    env: {},
    over: { development: "true", store: "memory", listen: "127.0.0.1:0", issuer: "http://localhost:8026", ...over },
  });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  const server = await startServer(loaded.config, {
    clock: { now: () => now() as Instant, monotonic: () => passed },
    logTo: { write: () => {} },
  });
  const [clientId = "", secret = ""] = (server.operatorCredentials ?? "").split(":");
  const timing: Timing = {
    clock: { now, monotonic: () => passed },
    dice: { fraction: () => 0.5 },
    scheduler: {
      after: (ms, task) => {
        rests.push(ms);
        setImmediate(() => {
          passed += ms;
          task();
        });
      },
    },
  };
  let answer: (() => Response | Error) | undefined;
  const send: Ports["send"] = async (request) => {
    if (!request.url.endsWith("/oauth2/token")) return fetch(request);
    count += 1;
    const said = answer?.();
    if (said instanceof Error) throw said;
    if (said !== undefined) return said;
    const response = await fetch(request);
    const { expires_in: seconds } = (await response.clone().json()) as { readonly expires_in?: number };
    lifetime = (seconds ?? 0) * 1000;
    return response;
  };
  const another = (other: Partial<ServiceClientOptions> = {}): ServiceClient => {
    const { clientSecret = secret, ...rest } = other;
    const settings = { issuer: server.url, clientId, ...rest };
    return createServiceClientOn(
      { ...platformPorts({ issuer: server.url, clientId, clientSecret }, send), ...timing },
      settings,
    );
  };
  return {
    client: another(more),
    another,
    timing,
    url: server.url,
    secret,
    clock: {
      now,
      advance: (ms) => {
        passed += ms;
      },
      jumpWall: (ms) => {
        jumped += ms;
      },
    },
    asked: () => count,
    lifetime: () => lifetime,
    rests,
    say: (next) => {
      answer = next;
    },
    post: async (path, token, form) => {
      const authorization = `Basic ${btoa(`${clientId}:${secret}`)}`;
      const body = new URLSearchParams({ token, ...form });
      const response = await fetch(`${server.url}${path}`, { method: "POST", headers: { authorization }, body });
      await response.body?.cancel();
      return response.status;
    },
    end: () => server.close(),
  };
}
