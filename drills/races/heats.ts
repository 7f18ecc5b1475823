// What is raced for, each by so many requests at once: what has to come of it, and what came of it otherwise.

import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { ask, type Operator } from "../nodes/operator.ts";
import type { Answers } from "./racer.ts";
import type { Raced, Racers } from "./racers.ts";

export interface Field {
  readonly issuer: string;
  /** Whoever asks alone asks there. */
  readonly first: string;
  readonly operator: Operator;
  readonly racers: Racers;
  readonly parallel: number;
}

export interface Came {
  /** What was otherwise than it had to be. */
  readonly wrong: readonly string[];
  /** Whether all requests had been sent before any was answered, and none was answered 503: whoever is told to come back has not raced. */
  readonly counts: boolean;
}

export type Heat = (field: Field, n: number) => Promise<Came>;

const MOST_SESSIONS = 3;
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const { privateKey, publicKey } = await generateKeyPair("ES256");

/** The clients and policies that are raced with. */
export async function prepare({ first, operator }: Field): Promise<void> {
  const limited = { from: "consumer", max_sessions: MOST_SESSIONS };
  await operator.call(first, "/v1/policies/refusing/versions", { ...limited, over_limit: "refuse" });
  await operator.call(first, "/v1/policies/evicting/versions", { ...limited, over_limit: "evict_oldest" });
  for (const policy of ["refusing", "evicting"])
    await operator.call(first, "/v1/clients", { ...client(policy), token_endpoint_auth_method: "none", policy });
  const jwks = { keys: [await exportJWK(publicKey)] };
  const signer = { ...client("signer"), grant_types: ["client_credentials"] };
  await operator.call(first, "/v1/clients", { ...signer, token_endpoint_auth_method: "private_key_jwt", jwks });
}

function client(id: string): object {
  return {
    client_id: id,
    name: id,
    grant_types: ["refresh_token"],
    scope: "read",
    audiences: ["https://api.drill.example"],
  };
}

/** One is rotated, all others get the same successor, and it works. */
export const refreshed: Heat = async ({ first, operator, racers, parallel }, n) => {
  const request = (token: string): string =>
    new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: token }).toString();
  const session = await operator.open(first, `u-${n}`);
  const heat = {
    path: "/oauth2/token",
    headers: FORM,
    body: request(session.refresh),
    prize: "refresh_token",
  } as const;
  const { answers, together } = await racers.race(heat);
  const verdicts = answers.map(({ status, verdict }) => `${status} ${verdict}`);
  const successors = new Set(answers.filter((one) => !isAway(one)).map(({ prize }) => prize));
  const rotated = timesOf(answers, ({ status, verdict }) => status === 200 && verdict === "rotated");
  const retried = timesOf(answers, ({ status, verdict }) => status === 200 && verdict === "retried");
  const wrong: string[] = [];
  const away = timesOf(answers, isAway);
  if (rotated > 1 || (rotated === 0 && away === 0)) wrong.push(`${rotated} were rotated`);
  if (rotated + retried + away !== parallel) wrong.push(`answered: ${[...new Set(verdicts)].join(", ")}`);
  if (successors.size !== 1) wrong.push(`${successors.size} successors`);
  const [successor = ""] = successors;
  const next = await ask(`${first}/oauth2/token`, { method: "POST", headers: FORM, body: request(successor) });
  if (`${next.status} ${next.verdict}` !== "200 rotated") wrong.push(`the successor: ${next.status} ${next.verdict}`);
  return { wrong, counts: together && away === 0 };
};

/** One session for one idempotency key. */
const openedOnce: Heat = async (field, n) => {
  const raced = await opened(field, { subject: `k-${n}`, client_id: "demo" }, { "idempotency-key": `key-${n}` });
  const sessions = new Set(raced.answers.filter(isOpened).map(({ prize }) => prize));
  return came(raced, sessions.size, 1, "sessions of one key");
};

/** One session takes the place of another. */
const replacedOnce: Heat = async (field, n) => {
  const guest = await field.operator.open(field.first, `g-${n}`);
  const raced = await opened(field, { subject: `r-${n}`, client_id: "demo", replaces: guest.sid });
  return came(raced, timesOf(raced.answers, isOpened), 1, "sessions took the place of one");
};

/** As many as the policy allows are opened, and all others refused. */
const refusedBeyond: Heat = async (field, n) => {
  const raced = await opened(field, { subject: `l-${n}`, client_id: "refusing" });
  return came(raced, timesOf(raced.answers, isOpened), MOST_SESSIONS, "sessions of one subject");
};

/** All are opened, and as many live on as the policy allows. */
const evictedBeyond: Heat = async (field, n) => {
  const { operator, first, parallel } = field;
  const raced = await opened(field, { subject: `e-${n}`, client_id: "evicting" });
  const found = await operator.call(first, "/v1/sessions/search", { subject: `e-${n}`, state: "active", limit: 100 });
  const living = (found["sessions"] as readonly unknown[]).length;
  const entered = timesOf(raced.answers, isOpened);
  const { wrong, counts } = came(raced, entered, parallel, "were opened");
  const isRight = living <= MOST_SESSIONS && living >= Math.min(MOST_SESSIONS, entered);
  return { wrong: isRight ? wrong : [...wrong, `${living} live on`], counts };
};

/** A client's assertion is good for one token. */
const assertedOnce: Heat = async ({ issuer, racers }, n) => {
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: "ES256" })
    .setIssuer("signer")
    .setSubject("signer")
    .setAudience(issuer)
    .setIssuedAt()
    .setExpirationTime("60s")
    .setJti(`assertion-${n}`)
    .sign(privateKey);
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: ASSERTION,
    client_assertion: assertion,
  });
  const raced = await racers.race({ path: "/oauth2/token", headers: FORM, body: body.toString(), prize: "none" });
  const granted = timesOf(raced.answers, ({ status }) => status === 200);
  return came(raced, granted, 1, "tokens of one assertion");
};

/** What is raced for beside refreshes, by its name. */
export const ONCE: Readonly<Record<string, Heat>> = {
  "idempotency key": openedOnce,
  "session replaced": replacedOnce,
  "limit that refuses": refusedBeyond,
  "limit that evicts": evictedBeyond,
  "client assertion": assertedOnce,
};

async function opened(field: Field, json: object, headers: object = {}): Promise<Raced> {
  const authorization = `Bearer ${await field.operator.bearer(field.first)}`;
  return field.racers.race({
    path: "/v1/sessions",
    headers: { authorization, "content-type": "application/json", ...headers },
    body: JSON.stringify(json),
    prize: "session",
  });
}

function isOpened({ status }: Answers): boolean {
  return status < 300;
}

function timesOf(answers: readonly Answers[], are: (one: Answers) => boolean): number {
  return answers.filter(are).reduce((sum, { times }) => sum + times, 0);
}

function isAway({ status }: Answers): boolean {
  return status === 503;
}

/** Of those who were answered 503 each may have won, and nobody else may have in their place. */
function came({ answers, together }: Raced, count: number, wanted: number, what: string): Came {
  const away = timesOf(answers, isAway);
  const failed = timesOf(answers, ({ status }) => status >= 500) - away;
  const wrong: string[] = [];
  if (failed > 0) wrong.push(`${failed} answers of 5xx other than 503`);
  if (count > wanted || count + away < wanted) wrong.push(`${count} ${what}, not ${wanted}`);
  return { wrong, counts: together && away === 0 };
}
