// The person behind a call (spec/mandates.md ACT-1 to ACT-6): declared by the client in Hallpass-Actor, or proven by an access token of the
// person's own session in Hallpass-Actor-Token, as the actor token of RFC 8693 section 2.1 does it; or declared in the body.

import { judgeAccessToken, type MaybePromise, parseSubjectId, type Store } from "@hallpass/core";
import { isJsonObject } from "@hallpass/protocol";
import { z } from "zod";
import type { Services } from "../services.ts";
import type { Exchange, HumanActor, RequestHead, ScopedEndpoint } from "./endpoint.ts";
import * as fields from "./fields.ts";
import { bodyJson } from "./read-json.ts";

export type ReadActor =
  | { readonly ok: true; readonly actor: HumanActor | null }
  | { readonly ok: false; readonly code: "actor_malformed" | "actor_refused" };

/** Visible ASCII: what a header can hold in one reading. */
const DECLARED = /^[\x21-\x7e]{1,255}$/;

/** Rejects with Faults of the store. Only for a proof is anything waited for. */
export function readActor(services: Services, { headers }: RequestHead): MaybePromise<ReadActor> {
  const declared = headers.get("hallpass-actor");
  const token = headers.get("hallpass-actor-token");
  if (declared === null && token === null) return { ok: true, actor: null };
  if (declared !== null && token !== null) return { ok: false, code: "actor_malformed" };
  if (token !== null) return proven(services, token);
  const id = declared !== null && DECLARED.test(declared) ? parseSubjectId(declared) : undefined;
  if (id === undefined) return { ok: false, code: "actor_malformed" };
  return { ok: true, actor: { id, proof: "declared", session: null } };
}

/** A token for another audience proves nothing here: it may have been shown to anyone. */
async function proven(services: Services, token: string): Promise<ReadActor> {
  const judged = await judgeAccessToken(services, token);
  const { sid, aud, sub } = judged?.claims ?? {};
  if (sid === undefined || sub === undefined || aud?.includes(services.issuer.url) !== true)
    return { ok: false, code: "actor_refused" };
  return { ok: true, actor: { id: sub, proof: "proven", session: sid } };
}

/**
 * Whom a body names is declared by the client as well: otherwise its facts would name anybody, and not who said so. Null for a row whose body
 * names nobody, and for one that will be refused.
 */
export function namedActor({ body: bytes }: Exchange, { body }: Pick<ScopedEndpoint, "body">): HumanActor | null {
  if (!(body instanceof z.ZodObject) || !("actor" in body.shape) || bytes.length === 0) return null;
  const json = bodyJson(bytes);
  const named = json.ok && isJsonObject(json.value) ? fields.words.safeParse(json.value["actor"]) : undefined;
  return named?.success === true ? { id: named.data, proof: "declared", session: null } : null;
}

/** The store as one call sees it: every fact that the call commits says who stood behind it. */
export function attributed(store: Store, client: string, { id, proof, session }: HumanActor): Store {
  const by = { client, actor: id, proof, ...(session === null ? {} : { session }) };
  return {
    ...store,
    commit: (changes) =>
      store.commit(
        changes.map((change) => ({
          ...change,
          facts: change.facts.map((one) => ({
            ...one,
            body: JSON.stringify({ ...(JSON.parse(one.body) as object), by }),
          })),
        })),
      ),
  };
}
