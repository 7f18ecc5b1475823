// Looks at how the server is reached: through its public address if that is https, with TLS of its own beside fetch's.

import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { Certificate, ClockReading, Facts, HeaderAnswers } from "./facts.ts";
import { look, unseen } from "./look.ts";

const ANSWER_WITHIN_MS = 10_000;
const LARGE = "a".repeat(8192);

type TransportFacts = Pick<Facts, "ready" | "certificate" | "oldTls" | "headers" | "clock">;

/** `url` is where the command was sent; `issuer` is looked at instead where only that is https. */
export async function gatherTransport(url: string, issuer: string | undefined): Promise<TransportFacts> {
  const ready = await look(() => readReady(url));
  const clock = await look(() => readClock(url));
  const front = [url, issuer].find((one) => one?.startsWith("https://"));
  if (front === undefined) {
    const plain = unseen("neither the address nor the issuer is https");
    return { ready, clock, certificate: plain, oldTls: plain, headers: plain };
  }
  const address = new URL(front);
  return {
    ready,
    clock,
    certificate: await look(() => readCertificate(address)),
    oldTls: await look(() => speaksOldTls(address)),
    headers: await look(() => sendLargeHeader(front)),
  };
}

/** Null where no connection comes about; what takes too long can't be told from a slow network, and throws. */
async function readReady(url: string): Promise<number | null> {
  try {
    return (await get(url, "/readyz")).status;
  } catch (cause) {
    if (cause instanceof TypeError) return null;
    throw cause;
  }
}

export async function sendLargeHeader(url: string): Promise<HeaderAnswers> {
  const text = async (headers: Record<string, string>): Promise<string> => {
    const response = await get(url, "/healthz", headers);
    return `${response.status} ${(await response.text()).slice(0, 60)}`;
  };
  return { plain: await text({}), large: await text({ "x-hallpass-doctor": LARGE }) };
}

/** `Date` has whole seconds and is written while the answer is under way: the reading says how far it may be off. */
export async function readClock(url: string): Promise<ClockReading> {
  const before = Date.now();
  const date = Date.parse((await get(url, "/healthz")).headers.get("date") ?? "");
  const after = Date.now();
  if (Number.isNaN(date)) throw new Error("the answer has no Date");
  return { ahead_ms: date + 500 - (before + after) / 2, within_ms: 500 + (after - before) / 2 };
}

async function readCertificate(address: URL): Promise<Certificate> {
  const socket = await handshake(address, {});
  const until = Date.parse(socket.getPeerCertificate().valid_to);
  // Null, whatever its type says, where nothing is wrong.
  const problem: unknown = socket.authorizationError;
  socket.destroy();
  if (Number.isNaN(until)) throw new Error("no certificate was shown");
  return { problem: problem === null || problem === undefined ? null : wordsOf(problem), valid_to_ms: until };
}

function wordsOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

async function speaksOldTls(address: URL): Promise<boolean> {
  try {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    (await handshake(address, old)).destroy();
    return true;
  } catch (cause) {
    // Only a server that says so has refused the version; a lost connection proves nothing.
    if (cause instanceof Error && "code" in cause && cause.code === "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION")
      return false;
    throw cause;
  }
}

/** Whatever certificate is shown: what is wrong with it is looked at, nothing is sent. */
function handshake({ hostname, port }: URL, versions: ConnectionOptions): Promise<TLSSocket> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const isName = /[a-z]/i.test(host) && !host.includes(":");
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      ...(isName ? { servername: host } : {}),
      rejectUnauthorized: false,
      ...versions,
    });
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error("no answer came")));
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function get(url: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}${path}`, { headers, redirect: "error", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
}
