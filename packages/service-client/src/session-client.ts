// The client of one session: access tokens as a service client gets them (kept, renewed in time, asked for once however many wait), from a
// refresh token that is this process's own.

import { type Family, type FamilyStore, familyOf, isRefreshToken } from "./family.ts";
import { OptionsError } from "./options.ts";
import type { Ports } from "./ports.ts";
import { createServiceClientOn, type ServiceClient } from "./service-client.ts";

export interface SessionClient<Scope extends string = string, Resource extends string = string>
  extends ServiceClient<Scope, Resource> {
  /**
   * Uses this refresh token from now on, and forgets what it had. Call it once, with what opened the session; a later process with the same
   * store goes on without. Throws OptionsError for what is no refresh token; rejects with what the store throws.
   */
  start(refreshToken: string): Promise<void>;
}

export interface SessionSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly family: FamilyStore;
  readonly onStoreFault?: (fault: unknown) => void;
  readonly waitAtMostMs?: number;
}

export function createSessionClientOn(ports: Ports, { family: store, ...settings }: SessionSettings): SessionClient {
  const { issuer, clientId, onStoreFault = () => undefined } = settings;
  const family: Family = familyOf(ports, store, JSON.stringify([issuer, clientId]), onStoreFault);
  const post: Ports["post"] = (form) => family.refresh(form);
  const begin = (): ServiceClient => createServiceClientOn({ ...ports, post }, settings);
  let current = begin();
  return {
    token: (request) => current.token(request),
    fetchFor: (request) => {
      // What is wrong with it is thrown now.
      current.fetchFor(request);
      return (input, init) => current.fetchFor(request)(input, init);
    },
    start: async (refreshToken) => {
      if (!isRefreshToken(refreshToken)) throw new OptionsError(["refreshToken: a text of printable ASCII is needed"]);
      await family.start(refreshToken);
      current = begin();
    },
  };
}
