// A verifier whose verdicts are spans. It takes whatever has the form of OpenTelemetry's Tracer: this package depends on nobody. Without a
// tracer none of this is in the way of a verdict; with one, a verdict neither waits for its span (LEASE-8: it is true at the instant of the
// decision) nor fails with it: what a tracer throws is its own affair.

import { encodeBase64url } from "@hallpass/protocol";
import type { Crypto } from "./ports.ts";
import type { Verifier } from "./surface.ts";
import type { Attributes, SpanLike, TracerLike } from "./tracer.ts";
import type { Verdict } from "./verdict.ts";

const NAME = "hallpass.verify";
const LENGTH = 16;

/** The same verifier, itself without a tracer; with one each verdict is a span with its kind and code, and the session's reference (spec/tracing.md TRC-1). */
export function traced<All>(
  verifier: Verifier<All>,
  tracer: TracerLike | undefined,
  crypto: Pick<Crypto, "sha256">,
): Verifier<All> {
  if (tracer === undefined) return verifier;
  const spanned = (work: () => Promise<Verdict<All>>): Promise<Verdict<All>> => {
    const span = quietly(() => tracer.startSpan(NAME));
    const verdict = work();
    if (span !== undefined) void finish(span, verdict, crypto);
    return verdict;
  };

  return {
    verify: (input, required) => spanned(() => verifier.verify(input, required)),
    verifyCredentials: (credentials, required) => spanned(() => verifier.verifyCredentials(credentials, required)),
    // An adapter that gets an answer without a wait gets one with its span, too: the span ends when the reference is there.
    judge: (token, required) => {
      const verdict = verifier.judge(token, required);
      if (verdict !== undefined) void spanned(() => Promise.resolve(verdict));
      return verdict;
    },
    ready: (withinMs) => verifier.ready(withinMs),
    readiness: () => verifier.readiness(),
    onEnded: (verdict, callback) => verifier.onEnded(verdict, callback),
    metrics: () => verifier.metrics(),
    close: () => verifier.close(),
  };
}

/** Never rejects. */
async function finish(span: SpanLike, work: Promise<Verdict<unknown>>, crypto: Pick<Crypto, "sha256">): Promise<void> {
  try {
    const attributes = await attributesOf(await work, crypto);
    quietly(() => span.setAttributes(attributes));
  } catch {
    // Whoever asked for the verdict hears of it.
  } finally {
    quietly(() => span.end());
  }
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
async function attributesOf(verdict: Verdict<unknown>, crypto: Pick<Crypto, "sha256">): Promise<Attributes> {
  if (verdict.kind !== "accepted") return { "hallpass.verdict": verdict.kind, "hallpass.code": verdict.code };
  const common = { "hallpass.verdict": verdict.kind, "hallpass.stale": verdict.stale };
  if (verdict.sid === undefined) return common;
  const bytes = await crypto.sha256(new TextEncoder().encode(`hallpass/session-ref/1\0${verdict.sid}`));
  return { ...common, "hallpass.session_ref": encodeBase64url(bytes).slice(0, LENGTH) };
}
