// The one file that touches the platform: clock, timers, dice, fetch.

import type { Answer, Ports, Timing } from "./ports.ts";

const ANSWER_WITHIN_MS = 5000;
const LONGEST_ANSWER = 65_536;

export interface RuntimeCredentials {
  readonly issuer: string;
  readonly clientId: string;
  /** A public client has none. */
  readonly clientSecret: string | undefined;
}

export function platformTiming(): Timing {
  return {
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    dice: { fraction: () => Math.random() },
    // Somebody waits for these: the process stays alive.
    scheduler: { after: (ms, task) => void setTimeout(task, ms) },
  };
}

export function platformPorts(
  credentials: RuntimeCredentials,
  send: Ports["send"] = (request) => fetch(request),
): Ports {
  const url = `${credentials.issuer.replace(/\/$/, "")}/oauth2/token`;
  const { clientId, clientSecret } = credentials;
  if (clientSecret === undefined)
    return { ...platformTiming(), post: (form) => postForm(url, { ...form, client_id: clientId }, {}, send), send };
  // RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
  const authorization = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`;
  return { ...platformTiming(), post: (form) => postForm(url, form, { authorization }, send), send };
}

// No redirect is followed: the secret goes to the issuer or nowhere. (`manual`, because workers know no `error`.)
async function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
  credentials: Readonly<Record<string, string>>,
  send: Ports["send"],
): Promise<Answer> {
  const response = await send(
    new Request(url, {
      method: "POST",
      headers: { ...credentials, accept: "application/json" },
      body: new URLSearchParams(form),
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }),
  );
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    text: await readShort(response),
  };
}

async function readShort(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LONGEST_ANSWER) throw new Error("the answer is too long");
  }
  return text + decoder.decode();
}

function formEncoded(text: string): string {
  return new URLSearchParams({ a: text }).toString().slice(2);
}
